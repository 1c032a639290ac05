// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Server, startServer, type TlsOptions } from "@asyncio/asyncio";
import { serveConnection, type Site } from "./connection.ts";
import { HEAD_LIMIT } from "./head.ts";
import { IdleTasks } from "./idle.ts";

/** Answers a request. An `HttpError` that it throws is the response; any other error is a 500. */
export type Handler = Site["handle"];

export interface HttpServerOptions {
  /** Called with a line for each request; does nothing by default. */
  readonly log?: Site["log"];
  /** Called with errors of the program; `console.error` by default. */
  readonly report?: Site["report"];
  /** The time limit for a head, and for a pause while a body is sent or received, in seconds. */
  readonly timeout?: number;
  /** The time limit for an idle connection, in seconds; it may end a quarter later. */
  readonly idleTimeout?: number;
  /** The greatest length of a body, in bytes. */
  readonly maxBody?: number;
  /** The certificate and its key, for https. */
  readonly tls?: TlsOptions;
}

/** Starts a server. */
export async function startHttpServer(
  handle: Handler,
  host: string,
  port: number,
  { tls, idleTimeout = 60, ...options }: HttpServerOptions = {},
): Promise<HttpServer> {
  const site: Site = {
    log: () => {},
    report: console.error,
    timeout: 10,
    maxBody: 16 * 1024 * 1024,
    ...options,
    handle,
    idle: new IdleTasks(idleTimeout),
    isStopping: false,
  };
  const server = await startServer(
    (reader, writer) => serveConnection(reader, writer, site),
    host,
    port,
    { limit: HEAD_LIMIT, tls },
  );
  return new HttpServer(server, site);
}

/** A server that answers requests. */
export class HttpServer implements AsyncDisposable {
  readonly #server: Server<Deno.NetAddr>;
  readonly #site: Site;

  constructor(server: Server<Deno.NetAddr>, site: Site) {
    this.#server = server;
    this.#site = site;
  }

  /** The address of the server. */
  get address(): Deno.NetAddr {
    return this.#server.sockets[0]!.addr;
  }

  /** Answers the requests that have begun, within some seconds, and no others. */
  async stop(grace = 5): Promise<void> {
    this.#site.isStopping = true;
    const drained = this.#server.drain(grace);
    this.#site.idle.cancel();
    await drained;
    await this.#server.waitClosed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
