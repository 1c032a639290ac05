// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Future } from "../../../mod.ts";

/** A lock whose waiters forget, when they are cancelled, that they may have been woken. */
export class LockWithoutHandOver {
  readonly #waiters = new Set<Future<void>>();
  #isLocked = false;

  async acquire(): Promise<void> {
    if (this.#isLocked || this.#waiters.size > 0) {
      const waiter = new Future<void>();
      this.#waiters.add(waiter);
      try {
        await waiter;
      } finally {
        this.#waiters.delete(waiter);
      }
    }
    this.#isLocked = true;
  }

  release(): void {
    this.#isLocked = false;
    const [first] = this.#waiters;
    if (first?.done() === false) first.setResult();
  }

  locked(): boolean {
    return this.#isLocked;
  }
}
