// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Timer } from "./timer_queue.ts";
import { Handle } from "./handle.ts";
import type { Runnable, Scheduler } from "./scheduler.ts";

/**
 * A callback that waits for its time: what `loop.callLater()` and `loop.callAt()` return.
 *
 * @example Usage
 * ```ts
 * import { getRunningLoop, run } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * await run(() => {
 *   const loop = getRunningLoop();
 *   const handle = loop.callLater(60, () => console.log("a minute later"));
 *   assert(handle.when() > loop.time());
 *   handle.cancel();
 * });
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.TimerHandle}
 */
export class TimerHandle extends Handle {
  readonly #scheduler: Scheduler;
  readonly #timer: Timer<Runnable>;

  /**
   * Loops make handles.
   *
   * @ignore
   */
  constructor(
    scheduler: Scheduler,
    when: number,
    callback: (...args: unknown[]) => unknown,
    args: readonly unknown[],
  ) {
    super(scheduler, callback, args);
    this.#scheduler = scheduler;
    this.#timer = scheduler.schedule(when, this);
  }

  /**
   * The time at which the callback is due.
   *
   * @returns The time in seconds, on the clock of `loop.time()`.
   */
  when(): number {
    return this.#timer.when;
  }

  /** Takes the callback back; it will not be called. Nothing happens if it was called already. */
  override cancel(): void {
    if (!this.cancelled()) this.#scheduler.unschedule(this.#timer);
    super.cancel();
  }

  /** What `Object.prototype.toString` says. */
  override get [Symbol.toStringTag](): string {
    return "TimerHandle";
  }
}
