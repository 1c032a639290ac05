// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Outcome } from "../../core/outcome.ts";
import { errors } from "../../core/runtime.ts";
import { type Resource, schedulerOf } from "../../core/scheduler.ts";
import {
  isResourceExhaustion,
  isSingleConnectionFailure,
} from "../stream/failures.ts";
import { CallbackContext, Turn } from "../stream/callbacks.ts";
import { ConnTransport, placeOf } from "../stream/conn_transport.ts";
import {
  closeUnlessClosed,
  setKeepAlive,
  setNoDelay,
} from "../stream/sockets.ts";
import type { SocketFile } from "./serve_unix.ts";
import type { EventLoop } from "../../event_loop.ts";
import { assertFlags, assertInteger } from "../../core/validate.ts";
import { makeProtocol } from "../stream/assertions.ts";
import type { StreamProtocol, TransportLink } from "../stream/types.ts";
import { encryptAccepted, serverHandshaker } from "../tls/handshaker.ts";
import type { ServerTls } from "../tls/tls_settings.ts";
import { makeServer, type Server } from "./server.ts";

/** The pause in seconds after file descriptors or memory have run out. */
const RETRY_DELAY = 1;

/** The options of an acceptor. */
interface AcceptorOptions {
  /** Whether to enable TCP keep-alive. */
  readonly keepAlive?: boolean | undefined;
  /** The file of the Unix socket. */
  readonly file?: SocketFile;
}

/** Accepts the connections of one listener. */
export class Acceptor<A extends Deno.Addr = Deno.Addr> implements Resource {
  readonly listener: Deno.Listener<Deno.Conn, A>;
  readonly #context: CallbackContext;
  readonly #options: AcceptorOptions;
  readonly #turn: Turn;
  #isClosed = false;
  #accepting: Promise<void> = Promise.resolve();
  #released: Promise<void> | null = null;
  #endPause: (() => void) | null = null;

  constructor(
    listener: Deno.Listener<Deno.Conn, A>,
    context: CallbackContext,
    options: AcceptorOptions = {},
  ) {
    this.listener = listener;
    this.#context = context;
    this.#options = options;
    this.#turn = new Turn(context.scheduler);
    context.scheduler.resources.add(this);
  }

  /** Describes where it listens. */
  get place(): string {
    return placeOf(this.listener.addr) ?? "";
  }

  /** Calls `onAccepted` for each connection, in a step and in the callback context. */
  start(onAccepted: (conn: Deno.Conn) => void): void {
    this.#accepting = this.#context.run(() => this.#accept(onAccepted));
  }

  /** Closes the listener. Calls `released` when the port or path is free again. */
  close(released: () => void): void {
    const ended = this.#closeOnce().then(() => {
      this.#context.scheduler.resources.delete(this);
    });
    this.#context.run(() => ended.then(() => this.#context.enqueue(released)));
  }

  /** Closes the listener before the server is closed. */
  retire(): void {
    void this.#closeOnce();
  }

  /** Closes the listener as the loop is closed. */
  abandon(): void {
    void this.#closeOnce();
    this.#turn.skip();
  }

  /** Closes the listener, once. Deno releases it only when the pending accept has ended. */
  #closeOnce(): Promise<void> {
    return this.#released ??= this.#closeListener();
  }

  async #closeListener(): Promise<void> {
    this.#isClosed = true;
    this.#endPause?.();
    const { file } = this.#options;
    if (file) this.#attempt(() => file.closing(this.#accepting));
    closeUnlessClosed(this.listener);
    await this.#accepting;
    if (file) this.#attempt(() => file.closed());
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (exception) {
      this.#report("Cannot clean up the file of a Unix socket", exception);
    }
  }

  async #accept(onAccepted: (conn: Deno.Conn) => void): Promise<void> {
    const { scheduler } = this.#context;
    let accepting = this.#next();
    while (!this.#isClosed) {
      const accepted = await accepting;
      if ("error" in accepted) {
        const { error } = accepted;
        if (this.#isClosed || error instanceof errors.BadResource) return;
        await this.#turn;
        const pause = this.#isClosed ? null : this.#afterFailure(error);
        scheduler.proceed();
        await pause;
        if (this.#isClosed) return;
        accepting = this.#next();
        continue;
      }
      const conn = accepted.value;
      if (this.#isClosed) {
        conn.close();
        return;
      }
      // The next connection is accepted while this one waits for its turn.
      accepting = this.#next();
      setNoDelay(conn);
      if (this.#options.keepAlive) setKeepAlive(conn);
      await this.#turn;
      if (this.#isClosed) conn.close();
      else onAccepted(conn);
      scheduler.proceed();
    }
    const last = await accepting;
    if ("value" in last) last.value.close();
  }

  /** Accepts a connection. Never rejects, since nothing may await it when it fails. */
  async #next(): Promise<Outcome<Deno.Conn>> {
    try {
      return { value: await this.listener.accept() };
    } catch (error) {
      return { error };
    }
  }

  #report(message: string, exception: unknown): void {
    this.#context.scheduler.report({ message, exception });
  }

  /**
   * Handles a failed accept. Only exhaustion of resources causes a pause; the failure of a single connection is
   * ignored.
   */
  #afterFailure(error: unknown): Promise<void> | null {
    if (isSingleConnectionFailure(error)) return null;
    if (!isResourceExhaustion(error)) {
      this.#report("Cannot accept a connection", error);
      return null;
    }
    this.#report(
      `Cannot accept a connection; trying again in ${RETRY_DELAY} s`,
      error,
    );
    return this.#pause();
  }

  #pause(): Promise<void> {
    const { scheduler } = this.#context;
    return new Promise((resolve) => {
      const handle = scheduler.loop.callLater(RETRY_DELAY, resolve);
      this.#endPause = () => {
        handle.cancel();
        resolve();
      };
    });
  }
}

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
