// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Future } from "../../../mod.ts";

/** A semaphore that loses the permit handed to a waiter that is cancelled before it resumes. */
export class LeakingSemaphore {
  readonly #waiters: Future<void>[] = [];
  #permits: number;

  constructor(permits: number) {
    this.#permits = permits;
  }

  async acquire(): Promise<void> {
    if (this.#permits > 0) {
      this.#permits--;
      return;
    }
    const waiter = new Future<void>();
    this.#waiters.push(waiter);
    await waiter;
  }

  release(): void {
    for (let waiter; (waiter = this.#waiters.shift()) !== undefined;) {
      if (waiter.done()) continue;
      waiter.setResult();
      return;
    }
    this.#permits++;
  }

  locked(): boolean {
    return this.#permits === 0;
  }
}
