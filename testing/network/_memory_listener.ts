// Copyright 2026 the asyncio for Deno authors. MIT license.

import { fulfil, Future } from "../../loop/future.ts";
import { failed } from "../../loop/operation.ts";
import type { Scheduler } from "../../loop/scheduler.ts";
import { connectionReset, type MemoryConn } from "./_memory_conn.ts";

/** Accepts connections in memory, in the manner of Deno's listeners. */
export class MemoryListener implements Deno.Listener<Deno.Conn, Deno.NetAddr> {
  readonly addr: Deno.NetAddr;
  readonly #scheduler: Scheduler;
  readonly #onClosed: () => void;
  readonly #waiting: MemoryConn[] = [];
  readonly #accepting: Future<Deno.Conn>[] = [];
  #isClosed = false;

  constructor(scheduler: Scheduler, addr: Deno.NetAddr, onClosed: () => void) {
    this.#scheduler = scheduler;
    this.addr = addr;
    this.#onClosed = onClosed;
  }

  /** A connection comes. */
  push(conn: MemoryConn): void {
    for (let first; (first = this.#accepting.shift()) !== undefined;) {
      if (first.done()) continue;
      fulfil(first, conn);
      return;
    }
    this.#waiting.push(conn);
  }

  accept(): Promise<Deno.Conn> {
    if (this.#isClosed) return failed(this.#scheduler, badResource());
    const conn = new Future<Deno.Conn>({ loop: this.#scheduler.loop });
    const first = this.#waiting.shift();
    if (first === undefined) this.#accepting.push(conn);
    else conn.setResult(first);
    return conn;
  }

  close(): void {
    if (this.#isClosed) throw badResource();
    this.#isClosed = true;
    for (const conn of this.#accepting.splice(0)) {
      if (!conn.done()) conn.setException(badResource());
    }
    for (const conn of this.#waiting.splice(0)) conn.fail(connectionReset());
    this.#onClosed();
  }

  ref(): void {}

  unref(): void {}

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Deno.Conn> {
    while (!this.#isClosed) yield await this.accept();
  }
}

function badResource(): Error {
  return new Deno.errors.BadResource("The listener is closed");
}
