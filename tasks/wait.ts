// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TimedCall } from "../loop/core/call.ts";
import { type Delay, secondsOf } from "../loop/core/delay.ts";
import {
  type Future,
  homeOf,
  isFuture,
  observe,
  unobserve,
  withResult,
} from "../loop/core/future.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
} from "../loop/core/primitive_future.ts";
import { callingTask } from "../loop/core/task.ts";
import {
  assertIterable,
  assertOneOf,
  assertOptions,
  wrongType,
} from "../loop/core/validate.ts";

/**
 * `wait()` returns when the first future is done.
 *
 * @category Waiting for several
 */
export const FIRST_COMPLETED = "FIRST_COMPLETED";
/**
 * `wait()` returns when the first future has failed, or all are done.
 *
 * @category Waiting for several
 */
export const FIRST_EXCEPTION = "FIRST_EXCEPTION";
/**
 * `wait()` returns when all futures are done.
 *
 * @category Waiting for several
 */
export const ALL_COMPLETED = "ALL_COMPLETED";

/**
 * When `wait()` returns.
 *
 * @category Waiting for several
 */
export type ReturnWhen =
  | typeof FIRST_COMPLETED
  | typeof FIRST_EXCEPTION
  | typeof ALL_COMPLETED;

/**
 * The options of `wait()`.
 *
 * @category Waiting for several
 */
export interface WaitOptions {
  /** The time limit in seconds; `null`, the default, for none. */
  timeout?: Delay | null | undefined;
  /** When to return; {@linkcode ALL_COMPLETED} by default. */
  returnWhen?: ReturnWhen | undefined;
}

/**
 * Waits for several futures, and returns which ones are done. It neither cancels the others, nor throws their errors,
 * nor throws when the timeout expires.
 *
 * Cancel safe: the futures go on.
 *
 * @typeParam F The type of the futures.
 * @param fs Futures and tasks, at least one; not functions.
 * @param options A time limit, and when to return.
 * @returns A future of the futures that are done and those that are not. The time limit counts from the call.
 * @throws {RangeError} If there is no future, or an option is out of range.
 * @throws {TypeError} If one of them is not a future, or an option is of the wrong type.
 *
 * @example Usage
 * ```ts
 * import { createTask, FIRST_COMPLETED, sleep, wait } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const slow = createTask(() => sleep(3600));
 * const fast = createTask(() => sleep(0.001));
 * const [done, pending] = await wait([slow, fast], {
 *   returnWhen: FIRST_COMPLETED,
 * });
 * assertEquals(done, new Set([fast]));
 * for (const task of pending) task.cancel();
 * ```
 *
 * @category Waiting for several
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.wait}
 */
export function wait<F extends Future<unknown>>(
  fs: Iterable<F>,
  options: WaitOptions = {},
): Future<[done: Set<F>, pending: Set<F>]> {
  const futures = futuresOf(fs);
  assertOptions("wait", options);
  const { timeout = null, returnWhen = ALL_COMPLETED } = options;
  const seconds = timeout === null
    ? null
    : secondsOf("wait", "timeout", timeout);
  assertOneOf("The returnWhen of wait()", returnWhen, CONDITIONS, CONDITIONS);
  return beginToWait(futures, seconds, returnWhen) as Future<
    [done: Set<F>, pending: Set<F>]
  >;
}

type Futures = ReadonlySet<Future<unknown>>;

/** A call of `wait()`. */
interface Wait {
  readonly futures: Futures;
  readonly onDone: (future: Future<unknown>) => void;
  readonly timeLimit: TimedCall | null;
}

const WAIT: PrimitiveBehavior<[done: Futures, pending: Futures], Wait> = {
  name: "wait()",
  poll(wait) {
    stopWaiting(wait);
    const done = new Set<Future<unknown>>();
    const pending = new Set<Future<unknown>>();
    for (const each of wait.futures) (each.done() ? done : pending).add(each);
    return withResult([done, pending]);
  },
  onCancelled() {},
  handBack: stopWaiting,
};

function beginToWait(
  futures: Futures,
  seconds: number | null,
  returnWhen: ReturnWhen,
): Future<[done: Futures, pending: Futures]> {
  const scheduler = homeOf(futures.values().next().value!);
  const release = () => {
    // A callback may still be queued when the wait ends.
    if (!operation.done()) operation.wake();
  };
  let pending = futures.size;
  const onDone = (future: Future<unknown>) => {
    pending--;
    if (
      pending === 0 || returnWhen === FIRST_COMPLETED ||
      (returnWhen === FIRST_EXCEPTION && hasFailed(future))
    ) release();
  };
  const timeLimit = seconds === null ? null : scheduler.after(seconds, release);
  const wait: Wait = { futures, onDone, timeLimit };
  const operation = new PrimitiveFuture(scheduler, WAIT, wait);
  const caller = callingTask();
  for (const future of futures) observe(future, onDone, caller, operation);
  return operation;
}

function stopWaiting({ futures, onDone, timeLimit }: Wait): void {
  timeLimit?.cancel();
  for (const future of futures) unobserve(future, onDone);
}

function hasFailed(future: Future<unknown>): boolean {
  return !future.cancelled() && future.exception() !== null;
}

function futuresOf<F extends Future<unknown>>(fs: Iterable<F>): Set<F> {
  assertIterable(
    "The futures of wait()",
    "an iterable, as in wait([a, b])",
    fs,
  );
  const futures = new Set(fs);
  if (futures.size === 0) {
    throw new RangeError(
      "The futures of wait() must be one or more: received none",
    );
  }
  for (const each of futures) {
    if (isFuture(each)) continue;
    throw wrongType(
      "Each of the futures of wait()",
      "a future or a task, which createTask() makes of a function",
      each,
    );
  }
  return futures;
}

const CONDITIONS = [FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED];
