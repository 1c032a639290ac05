// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Runnable, runStep } from "./runnable.ts";
// Type-only import: schedulers make timed calls.
import type { Scheduler } from "./scheduler.ts";
import { Timer } from "./timer_queue.ts";

/** A function of the library that is called once, in its turn in the ready queue. */
export class Call<A> implements Runnable {
  readonly fn: (argument: A) => void;
  readonly #argument: A;

  constructor(fn: (argument: A) => void, argument: A) {
    this.fn = fn;
    this.#argument = argument;
  }

  [runStep](): boolean {
    this.fn(this.#argument);
    return false;
  }
}

/** A function of the library that is called once, at a time, as returned by `scheduler.at()`. */
export class TimedCall extends Timer implements Runnable {
  readonly #scheduler: Scheduler;
  #fn: (() => void) | null;

  /** If the time has passed, the call is ready at once, as with `callSoon()`. */
  constructor(
    scheduler: Scheduler,
    when: number,
    fn: () => void,
    now: number = scheduler.time(),
  ) {
    super(when);
    this.#scheduler = scheduler;
    this.#fn = fn;
    if (when <= now) scheduler.enqueue(this);
    else scheduler.schedule(this);
  }

  get entry(): Runnable {
    return this;
  }

  /** Prevents the call, even if it is ready. */
  cancel(): void {
    this.#fn = null;
    this.#scheduler.unschedule(this);
  }

  [runStep](): boolean {
    this.#fn?.();
    return false;
  }
}
