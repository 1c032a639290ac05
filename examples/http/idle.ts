// Copyright 2026 the asyncio for Deno authors. MIT license.

import { getRunningLoop, type Task } from "@asyncio/asyncio";

/** How often a task is looked at before it is cancelled. */
const LOOKS = 4;

/**
 * The tasks of connections that wait for a request; those that wait too long
 * are cancelled, up to a quarter too late. One timer is for all: a time limit
 * for each request would take a third of the request's time, and a look at the
 * clock a twentieth.
 */
export class IdleTasks {
  readonly #seconds: number;
  /** How often each has been looked at. */
  readonly #looks = new Map<Task<unknown>, number>();
  #isWatching = false;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  add(task: Task<unknown>): void {
    this.#looks.set(task, 0);
    if (!this.#isWatching) this.#watch();
  }

  delete(task: Task<unknown>): void {
    this.#looks.delete(task);
  }

  cancel(): void {
    for (const task of this.#looks.keys()) task.cancel();
  }

  #watch(): void {
    this.#isWatching = this.#looks.size > 0;
    if (!this.#isWatching) return;
    getRunningLoop().callLater(this.#seconds / LOOKS, () => this.#look());
  }

  #look(): void {
    for (const [task, looks] of this.#looks) {
      if (looks < LOOKS) this.#looks.set(task, looks + 1);
      else task.cancel();
    }
    this.#watch();
  }
}
