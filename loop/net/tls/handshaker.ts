// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Resource } from "../../core/scheduler.ts";
import type { TimerHandle } from "../../core/handle.ts";
import { type CallbackContext, completionOf } from "../stream/callbacks.ts";
import type { ServerConnection } from "../serve/server.ts";
import { closeUnlessClosed } from "../stream/sockets.ts";
import type { Closable, TransportLink } from "../stream/types.ts";
import { nodeClient, nodeServer } from "./_node_tls.ts";
import {
  isNativeClient,
  isTlsConn,
  nativeClient,
  nativeServer,
} from "./native_tls.ts";
import type { ClientTls, ServerTls } from "./tls_settings.ts";

/**
 * Encrypts a connection. Calls `replace` with the connection to close instead of the original one, if that
 * changes. Closing it ends the handshake.
 */
export type EncryptConn = (
  conn: Deno.Conn,
  replace: (conn: Deno.Conn) => void,
) => Promise<TransportLink>;

/** Performs the TLS handshakes of a client or a server. */
export interface TlsHandshaker {
  readonly encrypt: EncryptConn;
  /** The time limit of a handshake, in seconds. */
  readonly timeout: number;
}

/** Returns the handshaker for a client's connection. */
export function clientHandshaker(
  conn: Deno.Conn,
  tls: ClientTls,
): TlsHandshaker {
  const timeout = tls.handshakeTimeout;
  const encrypt = isNativeClient(conn, tls)
    ? nativeClient(tls)
    : nodeClient(tls);
  return { encrypt, timeout };
}

/** Returns the handshaker for the connections that a plain or a TLS listener accepts. */
export function serverHandshaker(tls: ServerTls): TlsHandshaker {
  const native = nativeServer(tls);
  const node = nodeServer(tls);
  const encrypt: EncryptConn = (conn, replace) =>
    isTlsConn(conn) ? native(conn) : node(conn, replace);
  return { encrypt, timeout: tls.handshakeTimeout };
}

/** Encrypts a connection of the current task. Closes it on failure and on cancellation. */
export async function encrypt(
  context: CallbackContext,
  conn: Deno.Conn,
  tls: ClientTls | ServerTls,
): Promise<TransportLink> {
  const handshaker = tls.side === "client"
    ? clientHandshaker(conn, tls)
    : serverHandshaker(tls);
  const handshake = new Handshake(context, conn, handshaker);
  try {
    const link = await completionOf(context.scheduler, handshake.link);
    handshake.release();
    return link;
  } catch (error) {
    handshake.abort();
    throw error;
  }
}

/**
 * Encrypts a connection that a server accepted, and calls `onEncrypted` from the ready queue. A connection whose
 * handshake fails is closed. As in asyncio, that is reported in debug mode only: any client can cause it.
 */
export function encryptAccepted(
  context: CallbackContext,
  conn: Deno.Conn,
  handshaker: TlsHandshaker,
  connection: ServerConnection,
  onEncrypted: (link: TransportLink) => void,
): void {
  const { loop } = context.scheduler;
  const handshake = new Handshake(context, conn, handshaker);
  connection.replaceCurrent(handshake);
  const onSucceeded = (link: TransportLink) => {
    handshake.release();
    if (handshake.isAborted) connection.end();
    else onEncrypted(link);
  };
  const onFailed = (exception: unknown) => {
    connection.end();
    if (!loop.getDebug()) return;
    context.scheduler.report({
      message: "The TLS handshake of a server failed",
      exception,
    });
  };
  context.run(() =>
    handshake.link.then(
      (link) => context.enqueue(() => onSucceeded(link)),
      (error) => context.enqueue(() => onFailed(error)),
    )
  );
}

/** A TLS handshake in progress. It closes its connection unless it succeeds. */
export class Handshake implements Closable, Resource {
  readonly #context: CallbackContext;
  readonly #outcome = Promise.withResolvers<TransportLink>();
  readonly #timer: TimerHandle;
  #conn: Deno.Conn;
  #isOver = false;
  #isAborted = false;

  /** Starts the handshake. */
  constructor(
    context: CallbackContext,
    conn: Deno.Conn,
    { encrypt, timeout }: TlsHandshaker,
  ) {
    this.#context = context;
    this.#conn = conn;
    const { scheduler } = context;
    scheduler.resources.add(this);
    // A handshake may be aborted by code that does not await its link.
    this.#outcome.promise.catch(() => {});
    this.#timer = context.run(() =>
      scheduler.loop.callLater(timeout, () => this.#fail(timeoutError(timeout)))
    );
    context.run(() =>
      encrypt(conn, (conn) => this.#replace(conn))
        .then((link) => this.#succeed(link), (error) => this.#fail(error))
    );
  }

  /** The encrypted connection. Settles outside the ready queue. */
  get link(): Promise<TransportLink> {
    return this.#outcome.promise;
  }

  /** Whether {@linkcode Handshake.abort} closed the connection. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Gives up the ownership of the encrypted connection. */
  release(): void {
    this.#context.scheduler.resources.delete(this);
  }

  close(): void {
    this.abort();
  }

  /** Closes the connection, before or after the handshake has ended. */
  abort(): void {
    this.#isAborted = true;
    this.#fail(abortedError());
    this.release();
    closeUnlessClosed(this.#conn);
  }

  abandon(): void {
    this.abort();
  }

  #replace(conn: Deno.Conn): void {
    this.#conn = conn;
    if (this.#isOver) closeUnlessClosed(conn);
  }

  #succeed(link: TransportLink): void {
    this.#replace(link.conn);
    if (this.#isOver) return;
    this.#end();
    this.#outcome.resolve(link);
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.release();
    closeUnlessClosed(this.#conn);
    this.#outcome.reject(error);
  }

  #end(): void {
    this.#isOver = true;
    this.#timer.cancel();
  }
}

/** Returns the error of an aborted handshake. */
export function abortedError(): Error {
  return new Deno.errors.ConnectionAborted(
    "The connection was aborted during the TLS handshake",
  );
}

function timeoutError(timeout: number): Error {
  return new Deno.errors.ConnectionAborted(
    `The TLS handshake did not finish within ${timeout} s, and the connection was closed`,
  );
}
