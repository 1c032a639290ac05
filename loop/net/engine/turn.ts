// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Entry, execute, type Scheduler } from "../../scheduler.ts";

/**
 * A turn in the ready queue for code of the library that runs in an async context of its own:
 * `await turn` goes on as an entry, and the code then says by `scheduler.proceed()` that the entry is
 * over. Costs a tenth of entering the context anew. One await at a time.
 */
export class Turn implements Entry {
  readonly #scheduler: Scheduler;
  #resume: (() => void) | null = null;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  then(resume: () => void): void {
    this.#resume = resume;
    this.#scheduler.enqueue(this);
  }

  /** Goes on at once if the turn is awaited: the loop is closed, which has no turns any more. */
  skip(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }

  [execute](): boolean {
    this.skip();
    return true;
  }
}
