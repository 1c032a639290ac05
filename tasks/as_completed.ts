// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TimedCall } from "../loop/core/call.ts";
import {
  type Awaitable,
  type Future,
  observe,
  type Settlement,
  thrownBy,
  unobserve,
  withCancellation,
  withError,
  withResult,
} from "../loop/core/future.ts";
import { type Delay, secondsOf } from "../loop/core/delay.ts";
import { RingBuffer } from "../loop/core/ring_buffer.ts";
import { TimeoutError } from "../loop/core/errors.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { assertIterable, assertOptions } from "../loop/core/validate.ts";
import { assertAwaitables } from "./_assert_awaitable.ts";
import { ensureFuture } from "./ensure_future.ts";
import type { GatherResult } from "./gather.ts";

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
 * first awaitable to complete, and so on. Leaving the iteration cancels nothing.
 *
 * @typeParam A The type of the awaitables.
 * @param aws Futures, promises, and functions, which become tasks. Duplicates count once, but a function is called each time.
 * @param options A time limit.
 * @returns The iterator.
 * @throws {TypeError} If one of `aws` is not awaitable.
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
