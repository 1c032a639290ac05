// Copyright 2026 the asyncio for Deno authors. MIT license.

// Type-only import: schedulers make timed calls.
import type { Scheduler } from "./scheduler.ts";
import { Timer } from "./timer_queue.ts";

/** The method of a {@linkcode Runnable}. A symbol, so that it is not part of the public API. */
export const runStep: unique symbol = Symbol("runStep");

/** An entry of the ready queue of a scheduler. */
export interface Runnable {
  /**
   * Runs the entry, in any async context: an entry that calls user code must have captured its context.
   *
   * @returns Whether the scheduler must wait until the step that began here is reported as over.
   */
  [runStep](): boolean;
}

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
