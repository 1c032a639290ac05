// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Scheduler } from "../../loop/core/scheduler.ts";
import { type Runnable, runStep } from "../../loop/core/runnable.ts";

/** Calls a function at a time of a loop's clock, in its turn; returns what takes that back. */
export function callAt(
  scheduler: Scheduler,
  when: number,
  fn: () => void,
): () => void {
  const appointment = new Appointment(fn);
  const timer = scheduler.schedule(when, appointment);
  return () => {
    appointment.cancel();
    scheduler.unschedule(timer);
  };
}

class Appointment implements Runnable {
  #fn: (() => void) | null;

  constructor(fn: () => void) {
    this.#fn = fn;
  }

  /** When it is due, it is no timer any more. */
  cancel(): void {
    this.#fn = null;
  }

  [runStep](): boolean {
    this.#fn?.();
    return false;
  }
}
