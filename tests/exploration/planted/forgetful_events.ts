// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Future, sleep } from "../../../mod.ts";

/** An event that looks at its flag, and only a moment later waits: what is set in between is lost. */
export class LateEvent {
  readonly #waiters: Future<void>[] = [];
  #isSet = false;

  set(): void {
    this.#isSet = true;
    for (const waiter of this.#waiters.splice(0)) {
      if (!waiter.done()) waiter.setResult();
    }
  }

  clear(): void {
    this.#isSet = false;
  }

  async wait(): Promise<void> {
    if (this.#isSet) return;
    await sleep(0);
    const waiter = new Future<void>();
    this.#waiters.push(waiter);
    await waiter;
  }
}

/** An event whose waiters wait again if it has been cleared since they were woken. */
export class FickleEvent {
  #waiter = new Future<void>();
  #isSet = false;

  set(): void {
    this.#isSet = true;
    if (!this.#waiter.done()) this.#waiter.setResult();
  }

  clear(): void {
    this.#isSet = false;
    this.#waiter = new Future<void>();
  }

  async wait(): Promise<void> {
    while (!this.#isSet) await this.#waiter;
  }
}
