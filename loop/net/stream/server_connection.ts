// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Closable } from "./types.ts";

/**
 * A connection of a server, from accept to its end. It is represented by a handshake, then by a transport, then by
 * the transport after an upgrade to TLS.
 */
export class ServerConnection implements Closable {
  readonly #onEnded: (connection: ServerConnection) => void;
  #current: Closable | null = null;

  constructor(onEnded: (connection: ServerConnection) => void) {
    this.#onEnded = onEnded;
  }

  /** Sets what represents the connection from now on. */
  replaceCurrent(current: Closable): void {
    this.#current = current;
  }

  /** Removes the connection from the server. */
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
