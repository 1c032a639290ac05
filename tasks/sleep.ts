// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Delay, secondsOf } from "../loop/core/validate.ts";
import {
  fulfil,
  type Future,
  homeOf,
  withResult,
} from "../loop/core/future.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
  type Source,
  source,
} from "../loop/core/primitive_future.ts";
import {
  type Facts,
  facts,
  type Inspectable,
} from "../loop/core/inspection.ts";
import { home } from "../loop/core/_relay.ts";
import { currentScheduler, type Scheduler } from "../loop/core/scheduler.ts";
import { type Runnable, runStep, type TimedCall } from "../loop/core/call.ts";
import { Timer } from "../loop/core/timer_queue.ts";
import type { Selectable } from "./select.ts";

/**
 * Waits. `sleep(0)` yields once to every other ready task.
 *
 * Cancelling the awaiting task ends the sleep at once.
 *
 * @param delay The delay in seconds; zero or less only goes once round the ready queue.
 * @returns A future that completes after the delay.
 * @throws {TypeError} If `delay` is not a duration.
 * @throws {RangeError} If `delay` is `NaN`, or a duration without a fixed length.
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
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.sleep}
 */
export function sleep(delay: Delay): Future<void>;
/**
 * Waits, and then gives a result.
 *
 * @typeParam T The type of the result.
 * @param delay The delay in seconds; zero or less only goes once round the ready queue.
 * @param result The result.
 * @returns A future that completes with the result after the delay.
 * @throws {TypeError} If `delay` is not a duration.
 * @throws {RangeError} If `delay` is `NaN`, or a duration without a fixed length.
 * @category Tasks
 */
export function sleep<T>(delay: Delay, result: T): Future<T>;
export function sleep<T>(delay: Delay, result?: T): Future<T | undefined> {
  const seconds = secondsOf("sleep", "delay", delay);
  const scheduler = currentScheduler();
  return seconds <= 0
    ? pass(scheduler, result)
    : new Deadline(scheduler, seconds, result).sleep;
}

/** One pass through the ready queue, after which the awaiting task continues. */
const PASS: PrimitiveBehavior<unknown, unknown> = {
  name: "sleep()",
  poll: (result) => result === undefined ? DONE : withResult(result),
  onCancelled() {},
  handBack() {},
};

const DONE = withResult(undefined);

function pass<T>(scheduler: Scheduler, result: T): Future<T> {
  const turn = new PrimitiveFuture<T>(
    scheduler,
    PASS as PrimitiveBehavior<T, unknown>,
    result,
  );
  turn.wake();
  return turn;
}

/** A deadline and the sleep that it ends. */
class Deadline<T> extends Timer implements Runnable, Inspectable {
  readonly sleep: PrimitiveFuture<T, Deadline<T>>;
  readonly #result: T;

  constructor(scheduler: Scheduler, seconds: number, result: T) {
    super(scheduler.time() + seconds);
    this.#result = result;
    this.sleep = new PrimitiveFuture<T, Deadline<T>>(scheduler, SLEEP, this);
    scheduler.schedule(this);
  }

  get entry(): Runnable {
    return this;
  }

  [facts](): { kind: string } & Facts {
    return { kind: "sleep", until: this.when };
  }

  [runStep](): boolean {
    // The deadline may have passed, and queued this runnable, before the sleep was cancelled.
    if (!this.cancelled) fulfil(this.sleep, this.#result);
    return false;
  }
}

/** A sleep, which its deadline ends. */
const SLEEP: PrimitiveBehavior<never, Deadline<never>> = {
  name: "sleep()",
  objectOf: (deadline) => deadline,
  poll: () => null,
  onCancelled: (deadline, sleep) => sleep[home].unschedule(deadline),
  handBack() {},
};

/**
 * Returns a source for `select()` that is ready after a delay, which starts when `select()` is called. It may be used
 * any number of times.
 *
 * @param delay The delay in seconds; zero or less goes once round the ready queue, as `sleep(0)` does.
 * @returns The source.
 * @throws {TypeError} If `delay` is not a duration.
 * @throws {RangeError} If `delay` is `NaN`, or a duration without a fixed length.
 *
 * @example Usage
 * ```ts
 * import { after, Queue, select } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new Queue<string>();
 * const won = await select({ job: queue, late: after(0.001) });
 * assertEquals(won.key, "late");
 * ```
 *
 * @category Waiting for several
 */
export function after(delay: Delay): Selectable<void> {
  const seconds = secondsOf("after", "delay", delay);
  return {
    [source]: (): Source<void> => ({
      behavior: DELAY,
      subject: { seconds, timer: null },
    }),
  };
}

const DELAY: PrimitiveBehavior<
  void,
  { readonly seconds: number; timer: TimedCall | null }
> = {
  name: "after()",
  begin(delay, alternative) {
    const scheduler = homeOf(alternative);
    const when = scheduler.time() + delay.seconds;
    delay.timer = scheduler.at(when, () => alternative.wake());
    return null;
  },
  poll: () => OVER,
  onCancelled: ({ timer }) => timer?.cancel(),
  handBack() {},
};

const OVER = withResult(undefined);
