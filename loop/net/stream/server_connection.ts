// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Task } from "../../core/task.ts";
import type { Closable } from "./types.ts";

/** The server of a connection. */
interface Owner {
  ended(connection: ServerConnection): void;
  handledBy(handler: Task<unknown>): void;
}

const connections = new WeakMap<object, ServerConnection>();

/** Registers the task that handles the connection of a transport, if a server accepted it. */
export function setHandler(transport: object, handler: Task<unknown>): void {
  connections.get(transport)?.setHandler(handler);
}

/**
 * A connection of a server, from accept to its end. It is represented by a handshake, then by a transport, then by
 * the transport after an upgrade to TLS.
 */
export class ServerConnection implements Closable {
  /** The task that handles the connection; `null` if it has none of its own. */
  handler: Task<unknown> | null = null;
  readonly #owner: Owner;
  #current: Closable | null = null;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Sets what represents the connection from now on. */
  replaceCurrent(current: Closable): void {
    this.#current = current;
    connections.set(current, this);
  }

  setHandler(handler: Task<unknown>): void {
    this.handler = handler;
    this.#owner.handledBy(handler);
  }

  /** Removes the connection from the server. */
  end(): void {
    this.#owner.ended(this);
  }

  close(): void {
    this.#current?.close();
  }

  abort(): void {
    this.#current?.abort();
  }
}
