// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  fulfil,
  Future,
  homeOf,
  settleInEntry,
  type Settlement,
  withCancellation,
  withResult,
} from "../loop/future.ts";
import {
  currentScheduler,
  type Entry,
  execute,
  type Scheduler,
} from "../loop/scheduler.ts";
import type { Timer } from "../loop/_timer_queue.ts";
import { type Delay, secondsOf } from "../loop/delay.ts";

/**
 * Waits. `sleep(0)` lets every other task that is ready have its turn.
 *
 * Cancelling the awaiting task ends the sleep at once.
 *
 * @param delay How long, in seconds; zero or less only goes once round the ready queue.
 * @returns A future that is done after the delay.
 * @throws {RangeError} If `delay` is not a number.
 *
 * @example Usage
 * ```ts
 * import { sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await sleep(0.01);
 * assertEquals(await sleep(0.01, "hello"), "hello");
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.sleep}
 */
export function sleep(delay: Delay): Future<void>;
/**
 * Waits, and then gives a result.
 *
 * @typeParam T The type of the result.
 * @param delay How long, in seconds; zero or less only goes once round the ready queue.
 * @param result The result.
 * @returns A future that is done with the result after the delay.
 * @throws {RangeError} If `delay` is not a number.
 */
export function sleep<T>(delay: Delay, result: T): Future<T>;
export function sleep<T>(delay: Delay, result?: T): Future<T | undefined> {
  const seconds = secondsOf("sleep", "delay", delay);
  const scheduler = currentScheduler();
  return seconds <= 0
    ? new Pass(scheduler, result)
    : new Sleep(scheduler, seconds, result);
}

/** One turn round the ready queue, in which the awaiting task goes on. */
class Pass<T> extends Future<T> {
  readonly #result: T;
  #cancellation: Settlement | null = null;

  constructor(scheduler: Scheduler, result: T) {
    super(scheduler);
    this.#result = result;
    scheduler.enqueue(this);
  }

  /** Keeps its place in the queue. */
  override cancel(msg?: string): boolean {
    if (this.done()) return false;
    this.#cancellation ??= withCancellation(msg);
    return true;
  }

  /** @ignore */
  override [execute](): boolean {
    return settleInEntry(this, this.#cancellation ?? withResult(this.#result));
  }
}

/** A future that is its own timer. */
class Sleep<T> extends Future<T> {
  readonly #result: T;
  readonly #timer: Timer<Entry>;

  constructor(scheduler: Scheduler, seconds: number, result: T) {
    super(scheduler);
    this.#result = result;
    this.#timer = scheduler.schedule(scheduler.time() + seconds, this);
  }

  override cancel(msg?: string): boolean {
    if (!super.cancel(msg)) return false;
    homeOf(this).unschedule(this.#timer);
    return true;
  }

  /** @ignore */
  override [execute](): boolean {
    if (!this.done()) fulfil(this, this.#result);
    return false;
  }
}
