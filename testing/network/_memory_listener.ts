// Copyright 2026 the asyncio for Deno authors. MIT license.

import { fulfil, fulfilled, Future } from "../../loop/core/future.ts";
import { failed } from "../../loop/core/primitive_future.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import { errors } from "../../loop/core/runtime.ts";
import type { MemoryConn } from "./_memory_conn.ts";

/** An in-memory listener, with the behaviour of a Deno listener. */
export class MemoryListener<A extends Deno.Addr>
  implements Deno.Listener<Deno.Conn, A> {
  readonly addr: A;
  readonly #scheduler: Scheduler;
  readonly #onClosed: () => void;
  #waiting: MemoryConn[] = [];
  #accepting: Future<Deno.Conn>[] = [];
  #isClosed = false;

  constructor(scheduler: Scheduler, addr: A, onClosed: () => void) {
    this.#scheduler = scheduler;
    this.addr = addr;
    this.#onClosed = onClosed;
  }

  /** Delivers a connection. */
  push(conn: MemoryConn): void {
    for (let first; (first = this.#accepting.shift()) !== undefined;) {
      if (first.done()) continue;
      fulfil(first, conn);
      return;
    }
    this.#waiting.push(conn);
  }

  accept(): Promise<Deno.Conn> {
    if (this.#isClosed) return failed(this.#scheduler, closedError());
    const first = this.#waiting.shift();
    if (first !== undefined) {
      return fulfilled<Deno.Conn>(this.#scheduler, first);
    }
    const conn = new Future<Deno.Conn>(this.#scheduler);
    this.#accepting.push(conn);
    return conn;
  }

  close(): void {
    if (this.#isClosed) throw new errors.BadResource("Bad resource ID");
    this.#isClosed = true;
    const accepting = this.#accepting;
    this.#accepting = [];
    for (const conn of accepting) {
      if (!conn.done()) conn.setException(closedError());
    }
    for (const conn of this.#waiting) conn.reject();
    this.#waiting = [];
    this.#onClosed();
  }

  ref(): void {}

  unref(): void {}

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Deno.Conn> {
    while (!this.#isClosed) {
      let conn;
      try {
        conn = await this.accept();
      } catch (error) {
        if (this.#isClosed) return;
        throw error;
      }
      yield conn;
    }
  }
}

function closedError(): Error {
  return new errors.BadResource("Listener has been closed");
}
