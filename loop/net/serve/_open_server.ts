// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { assertFlags, assertInteger } from "../../core/validate.ts";
import { makeProtocol } from "../stream/assertions.ts";
import { CallbackContext } from "../stream/callbacks.ts";
import { ConnTransport } from "../stream/conn_transport.ts";
import type { StreamProtocol, TransportLink } from "../stream/types.ts";
import { encryptAccepted, serverHandshaker } from "../tls/handshaker.ts";
import type { ServerTls } from "../tls/tls_settings.ts";
import type { Acceptor } from "./_acceptor.ts";
import { makeServer, type Server } from "./server.ts";

/** The options that all servers have. */
interface OpenServerOptions {
  startServing?: boolean | undefined;
  backlog?: number | undefined;
}

/**
 * The default of the maximum number of connections that wait to be accepted, which the system may limit. With
 * asyncio's 100, a burst of 1,000 connections takes 9 s, because the system drops most of them and the clients try
 * again later.
 */
export const DEFAULT_BACKLOG = 4096;

/** Creates a server for listeners, and starts serving if requested. */
export async function openServer<A extends Deno.Addr>(
  loop: EventLoop,
  acceptors: readonly Acceptor<A>[],
  protocolFactory: () => StreamProtocol,
  { startServing = true }: OpenServerOptions,
  tls: ServerTls | null,
): Promise<Server<A>> {
  const handshaker = tls === null ? null : serverHandshaker(tls);
  const scheduler = schedulerOf(loop);
  const server = makeServer(loop, acceptors, (conn, connection) => {
    // Called in the server's context. Each connection gets its own copy of the context variables.
    const context = new CallbackContext(scheduler);
    context.run(() => {
      const protocol = makeProtocol(protocolFactory);
      const begin = (link: TransportLink) => {
        new ConnTransport(link, protocol, context, connection).start();
      };
      if (handshaker === null) begin({ conn });
      else encryptAccepted(context, conn, handshaker, connection, begin);
    });
  });
  if (startServing) await server.startServing();
  return server;
}

/** Throws unless the options are valid; `flags` are the names of further boolean options. */
export function assertOpenServerOptions(
  caller: string,
  options: OpenServerOptions,
  ...flags: string[]
): void {
  const { backlog = 1 } = options;
  assertInteger("The backlog", backlog, 0);
  assertFlags(caller, options, "startServing", ...flags);
}
