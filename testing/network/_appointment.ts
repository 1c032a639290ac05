// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Entry, execute, type Scheduler } from "../../loop/scheduler.ts";

/** Calls a function at a time of a loop's clock, in its turn; returns what takes that back. */
export function callAt(
  scheduler: Scheduler,
  when: number,
  fn: () => void,
): () => void {
  const timer = scheduler.schedule(when, new Appointment(fn));
  return () => scheduler.unschedule(timer);
}

class Appointment implements Entry {
  readonly #fn: () => void;

  constructor(fn: () => void) {
    this.#fn = fn;
  }

  [execute](): boolean {
    this.#fn();
    return false;
  }
}
