// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Resource } from "../../core/scheduler.ts";
import type { TimerHandle } from "../../core/timer_handle.ts";
import type { CallbackContext } from "../stream/callbacks.ts";
import type { Closable, TransportLink } from "../stream/types.ts";
import { closeUnlessClosed } from "../stream/sockets.ts";

/**
 * Makes an encrypted connection of one that is not. What is to be closed in place of that one, from some
 * time on, is handed to `replace`; closing ends the handshake.
 */
export type EncryptConn = (
  conn: Deno.Conn,
  replace: (conn: Deno.Conn) => void,
) => Promise<TransportLink>;

/** How to encrypt, and how long that may take, in seconds. */
export interface TlsHandshaker {
  readonly encrypt: EncryptConn;
  readonly timeout: number;
}

/** A TLS handshake under way. Nobody's connection stays behind, however it ends. */
export class Handshake implements Closable, Resource {
  readonly #context: CallbackContext;
  readonly #outcome = Promise.withResolvers<TransportLink>();
  readonly #timer: TimerHandle;
  #conn: Deno.Conn;
  #isOver = false;
  #isAborted = false;

  /** Begins it. */
  constructor(
    context: CallbackContext,
    conn: Deno.Conn,
    { encrypt, timeout }: TlsHandshaker,
  ) {
    this.#context = context;
    this.#conn = conn;
    const { scheduler } = context;
    scheduler.resources.add(this);
    // Whoever aborts it need not want to know that it failed.
    this.#outcome.promise.catch(() => {});
    this.#timer = context.run(() =>
      scheduler.loop.callLater(timeout, () => this.#fail(timeoutError(timeout)))
    );
    context.run(() =>
      encrypt(conn, (conn) => this.#replace(conn))
        .then((link) => this.#succeed(link), (error) => this.#fail(error))
    );
  }

  /** The encrypted connection. Not settled in an entry. */
  get link(): Promise<TransportLink> {
    return this.#outcome.promise;
  }

  /** Whether the connection was closed by {@linkcode Handshake.abort}. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Somebody else takes care of the encrypted connection from now on. */
  release(): void {
    this.#context.scheduler.resources.delete(this);
  }

  close(): void {
    this.abort();
  }

  /** Closes the connection, encrypted or not yet. */
  abort(): void {
    this.#isAborted = true;
    this.#fail(aborted());
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

/** The error of a handshake that somebody else aborted. */
export function aborted(): Error {
  return new Deno.errors.ConnectionAborted(
    "The connection was aborted during the TLS handshake",
  );
}

function timeoutError(timeout: number): Error {
  return new Deno.errors.ConnectionAborted(
    `The TLS handshake was not over after ${timeout} s, and the connection was closed`,
  );
}
