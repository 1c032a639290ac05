// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Runnable,
  runStep,
  type Scheduler,
  type Timer,
} from "./scheduler.ts";

/** Calls a function of the library once, when it is time, in its turn in the ready queue. */
export class Alarm implements Runnable {
  readonly #scheduler: Scheduler;
  readonly #timer: Timer<Runnable> | null = null;
  #onTime: (() => void) | null;

  /** A time that has come already makes the alarm ready at once, as `callSoon()` would. */
  constructor(scheduler: Scheduler, when: number, onTime: () => void) {
    this.#scheduler = scheduler;
    this.#onTime = onTime;
    if (when <= scheduler.time()) scheduler.enqueue(this);
    else this.#timer = scheduler.schedule(when, this);
  }

  cancel(): void {
    this.#onTime = null;
    if (this.#timer !== null) this.#scheduler.unschedule(this.#timer);
  }

  [runStep](): boolean {
    this.#onTime?.();
    return false;
  }
}
