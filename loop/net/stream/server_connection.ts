// Copyright 2026 the asyncio for Deno authors. MIT license.

/** What can be closed: a transport, or a handshake that is to become one. */
export interface Closable {
  close(): void;
  abort(): void;
}

/**
 * One connection of a server's, from its being accepted to its end, whatever stands for it in between:
 * a handshake, a transport, the transport that takes over from that one.
 */
export class ServerConnection implements Closable {
  readonly #onEnded: (connection: ServerConnection) => void;
  #current: Closable | null = null;

  constructor(onEnded: (connection: ServerConnection) => void) {
    this.#onEnded = onEnded;
  }

  /** Says what stands for the connection from now on. */
  replaceCurrent(current: Closable): void {
    this.#current = current;
  }

  /** The connection has ended. */
  end(): void {
    this.#onEnded(this);
  }

  close(): void {
    this.#current?.close();
  }

  abort(): void {
    this.#current?.abort();
  }
}
