// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Future } from "../../../mod.ts";

/** Back-pressure that remembers only the last pending drain(). */
export class SingleDrain {
  #waiter: Future<void> | null = null;
  #isPaused = false;

  pauseWriting(): void {
    this.#isPaused = true;
  }

  resumeWriting(): void {
    this.#isPaused = false;
    if (this.#waiter?.done() === false) this.#waiter.setResult();
    this.#waiter = null;
  }

  async drain(): Promise<void> {
    if (!this.#isPaused) return;
    this.#waiter = new Future<void>();
    await this.#waiter;
  }
}
