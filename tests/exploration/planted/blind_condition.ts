// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Future, type Guard, Lock } from "../../../mod.ts";

/** A condition that notifies the first waiter even if it has been cancelled. */
export class BlindCondition {
  readonly #lock = new Lock();
  readonly #waiters = new Set<Future<void>>();

  acquire(): Future<Guard> {
    return this.#lock.acquire();
  }

  release(): void {
    this.#lock.release();
  }

  locked(): boolean {
    return this.#lock.locked();
  }

  async waitFor(predicate: () => boolean): Promise<void> {
    while (!predicate()) await this.#wait();
  }

  notify(): void {
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter);
      if (!waiter.done()) waiter.setResult();
      return;
    }
  }

  async #wait(): Promise<void> {
    const waiter = new Future<void>();
    this.#waiters.add(waiter);
    this.#lock.release();
    try {
      await waiter;
    } finally {
      this.#waiters.delete(waiter);
      await this.#lock.acquire();
    }
  }
}
