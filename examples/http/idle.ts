// Copyright 2026 the asyncio for Deno authors. MIT license.

import { getRunningLoop, type Task } from "@asyncio/asyncio";

/**
 * The tasks of connections that wait for a request; those that wait too long
 * are cancelled. One timer is for all: a time limit for each request would take
 * a third of the request's time.
 */
export class IdleTasks {
  readonly #seconds: number;
  /** Since when they wait, the longest first. */
  readonly #since = new Map<Task<unknown>, number>();
  #isWatching = false;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  add(task: Task<unknown>): void {
    const loop = getRunningLoop();
    this.#since.set(task, loop.time());
    if (!this.#isWatching) this.#watch(this.#seconds);
  }

  delete(task: Task<unknown>): void {
    this.#since.delete(task);
  }

  cancel(): void {
    for (const task of this.#since.keys()) task.cancel();
  }

  #watch(delay: number): void {
    this.#isWatching = true;
    getRunningLoop().callLater(delay, () => {
      this.#isWatching = false;
      const now = getRunningLoop().time();
      for (const [task, since] of this.#since) {
        const left = since + this.#seconds - now;
        if (left > 0) return this.#watch(left);
        this.#since.delete(task);
        task.cancel();
      }
    });
  }
}
