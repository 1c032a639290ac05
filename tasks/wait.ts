// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TimedCall } from "../loop/core/call.ts";
import {
  assertIterable,
  assertOneOf,
  assertOptions,
  type Delay,
  secondsOf,
  wrongType,
} from "../loop/core/validate.ts";
import {
  type Awaitable,
  type Future,
  homeOf,
  isFuture,
  observe,
  type Settlement,
  thrownBy,
  unobserve,
  withCancellation,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { callingTask } from "../loop/core/task.ts";
import { RingBuffer } from "../loop/core/ring_buffer.ts";
import { TimeoutError } from "../loop/core/errors.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { assertAwaitables, ensureFuture } from "./create_task.ts";
import type { GatherResult } from "./gather.ts";

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

/**
 * The options of `asCompleted()`.
 *
 * @category Waiting for several
 */
export interface AsCompletedOptions {
  /** The time limit for all of them together, in seconds; `null`, the default, for none. */
  timeout?: Delay | null | undefined;
}

/**
 * A completed future, as `for await` over `asCompleted()` gives it. The type leaves `then` out, because TypeScript
 * would otherwise take the loop variable for the future's result.
 *
 * @typeParam T The type of the result.
 * @category Waiting for several
 */
export type CompletedFuture<T> = Omit<Future<T>, "then" | "catch" | "finally">;

/**
 * The return type of `asCompleted()`. It can be iterated once, in either way; after a `break`, a new iteration
 * continues.
 *
 * @typeParam T The type of the results.
 * @category Waiting for several
 */
export interface CompletionIterator<T>
  extends
    IterableIterator<Future<T>, undefined>,
    AsyncIterable<CompletedFuture<T>, undefined> {}

/**
 * Iterates over awaitables in the order in which they complete.
 *
 * `for await` gives the completed futures and tasks themselves, whose results `result()` returns; a function is
 * represented by its task. A plain `for` gives new futures, to be awaited, the first of which has the result of the
 * first awaitable to complete, and so on. Leaving the iteration, or cancelling the awaiting task, cancels nothing.
 *
 * @typeParam A The type of the awaitables.
 * @param aws Futures, promises, and functions, which become tasks. Duplicates count once, but a function is called each time.
 * @param options A time limit.
 * @returns The iterator.
 * @throws {TypeError} If one of `aws` is not awaitable, or `timeout` is not a duration.
 * @throws {RangeError} If `timeout` is `NaN`, or a duration without a fixed length.
 * @throws {TimeoutError} At the `await` of an iteration, when the timeout expires.
 *
 * @example Take the tasks as they complete
 * ```ts
 * import { asCompleted, createTask, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const tasks = [0.02, 0.001].map((delay) =>
 *   createTask(() => sleep(delay, delay))
 * );
 * const order: number[] = [];
 * for await (const task of asCompleted(tasks)) order.push(task.result());
 * assertEquals(order, [0.001, 0.02]);
 * ```
 *
 * @example Take only the results
 * ```ts
 * import { asCompleted, sleep } from "@asyncio/asyncio";
 *
 * for (const next of asCompleted([() => sleep(0.02, "b"), () => sleep(0, "a")])) {
 *   console.log(await next);
 * }
 * ```
 *
 * @category Waiting for several
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.as_completed}
 */
export function asCompleted<A extends Awaitable<unknown>>(
  aws: Iterable<A>,
  options: AsCompletedOptions = {},
): CompletionIterator<GatherResult<A>> {
  assertIterable(
    "The awaitables of asCompleted()",
    "an iterable, as in asCompleted([a, b])",
    aws,
  );
  assertOptions("asCompleted", options);
  const { timeout = null } = options;
  const seconds = timeout === null
    ? null
    : secondsOf("asCompleted", "timeout", timeout);
  const all = [...aws];
  assertAwaitables("asCompleted", all);
  // A function that is listed twice is called twice.
  const listed = new Set<unknown>();
  const distinct = all.filter((aw) =>
    typeof aw === "function" || listed.size < listed.add(aw).size
  );
  const futures = new Set(distinct.map((aw) => ensureFuture(aw)));
  return new Completions(futures, seconds) as CompletionIterator<
    GatherResult<A>
  >;
}

class Completions implements CompletionIterator<unknown> {
  /** The completed futures that have not been handed out; `null` for each that was not done in time. */
  readonly arrived = new RingBuffer<Future<unknown> | null>();
  readonly takers = new WaitQueue();
  readonly #pending: Set<Future<unknown>>;
  readonly #onDone = (future: Future<unknown>) => this.#arrive(future);
  readonly #timeLimit: TimedCall | null;
  /** The number of futures that have not been asked for. */
  #left: number;

  constructor(futures: Set<Future<unknown>>, seconds: number | null) {
    const scheduler = currentScheduler();
    this.#pending = futures;
    this.#left = futures.size;
    for (const future of futures) observe(future, this.#onDone);
    this.#timeLimit = seconds === null || futures.size === 0
      ? null
      : scheduler.after(seconds, () => this.#giveUp());
  }

  next(): IteratorResult<Future<unknown>, undefined> {
    if (this.#left === 0) return { done: true, value: undefined };
    this.#left--;
    return { done: false, value: this.#take(RESULT) };
  }

  [Symbol.iterator](): this {
    return this;
  }

  [Symbol.asyncIterator](): AsyncIterator<CompletedFuture<unknown>, undefined> {
    return {
      next: async () => {
        if (this.#left === 0) return { done: true, value: undefined };
        this.#left--;
        return { done: false, value: (await this.#take(FUTURE)).future };
      },
    };
  }

  #take<T>(kind: PrimitiveBehavior<T, Completions>): Future<T> {
    const operation = new PrimitiveFuture(currentScheduler(), kind, this);
    operation.tryNow();
    return operation;
  }

  #arrive(future: Future<unknown>): void {
    this.#pending.delete(future);
    this.arrived.push(future);
    this.takers.wakeOne();
    if (this.#pending.size === 0) this.#timeLimit?.cancel();
  }

  #giveUp(): void {
    for (const future of this.#pending) {
      unobserve(future, this.#onDone);
      this.arrived.push(null);
      this.takers.wakeOne();
    }
    this.#pending.clear();
  }
}

/** Takes the next completed future and returns the outcome; if there is none, the operation joins the queue. */
function takeNext(
  completions: Completions,
  operation: PrimitiveFuture<unknown, Completions>,
  outcomeOf: (future: Future<unknown>) => Settlement,
): Settlement | null {
  const { arrived, takers } = completions;
  if (arrived.size === 0) {
    operation.joinQueue(takers);
    return null;
  }
  const next = arrived.take();
  if (next !== null) return outcomeOf(next);
  return withError(new TimeoutError("The time limit was reached"));
}

/** A cancelled operation takes nothing, and lets the next one take its place. */
const giveBack = {
  onCancelled(
    _: Completions,
    operation: PrimitiveFuture<unknown, Completions>,
  ) {
    operation.leaveQueue();
  },
  handBack(completions: Completions, _: unknown, wasWoken: boolean) {
    if (wasWoken) completions.takers.wakeOne();
  },
};

/** Takes the next future itself, wrapped, as a future cannot be the result of a future. */
const FUTURE: PrimitiveBehavior<{ future: Future<unknown> }, Completions> = {
  name: "asCompleted()",
  poll: (completions, operation) =>
    takeNext(completions, operation, (future) => withResult({ future })),
  ...giveBack,
};

/** Takes the outcome of the next future. */
const RESULT: PrimitiveBehavior<unknown, Completions> = {
  name: "asCompleted()",
  poll: (completions, operation) => takeNext(completions, operation, outcomeOf),
  ...giveBack,
};

function outcomeOf(future: Future<unknown>): Settlement {
  if (future.cancelled()) return withCancellation(thrownBy(future) as Error);
  if (future.exception() !== null) return withError(thrownBy(future));
  return withResult(future.result());
}
