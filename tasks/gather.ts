// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Awaitable,
  fail,
  fulfil,
  fulfilled,
  type Future,
  homeOf,
  isFuture,
  markRetrieved,
  observe,
  thrownBy,
} from "../loop/core/future.ts";
import { makeCancelledError } from "../loop/core/cancelled_error.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
} from "../loop/core/primitive_future.ts";
import { currentScheduler, type Scheduler } from "../loop/core/scheduler.ts";
import type { CancelMessage } from "../loop/core/scope.ts";
import { callingTask } from "../loop/core/task.ts";
import {
  assertFlags,
  assertOptions,
  wrongType,
} from "../loop/core/validate.ts";
import { assertAwaitables, ensureFuture } from "./create_task.ts";

/**
 * The type of an awaitable's result.
 *
 * @category Waiting for several
 */
export type GatherResult<A> = A extends () => infer R ? Awaited<R> : Awaited<A>;

/**
 * The types of the results of several awaitables, in order.
 *
 * @category Waiting for several
 */
export type GatherResults<A extends readonly unknown[]> = {
  -readonly [K in keyof A]: GatherResult<A[K]>;
};

/**
 * The types of the results or errors of several awaitables, in order.
 *
 * @category Waiting for several
 */
export type GatherOutcomes<A extends readonly unknown[]> = {
  -readonly [K in keyof A]: GatherResult<A[K]> | Error;
};

/**
 * The options of `gather()`.
 *
 * @category Waiting for several
 */
export interface GatherOptions {
  /** Whether to return errors like results. */
  returnExceptions?: boolean | undefined;
}

/**
 * Runs several awaitables concurrently and collects their results in the order of the arguments.
 *
 * The first error is thrown at once; the other awaitables go on and are not cancelled. A task group is safer, as it
 * leaves none behind. Cancelling the returned future cancels all awaitables that are not done; cancelling one of them
 * counts as its error.
 *
 * @typeParam A The types of the awaitables.
 * @param aws Futures, promises, and functions, which become tasks in order. A future listed twice is awaited once and
 * gives its result in both places.
 * @param options Whether to return errors like results.
 * @returns A future of the results.
 * @throws {TypeError} If one of `aws` is not awaitable.
 * @throws {RangeError} If futures among them belong to different loops.
 *
 * @example Usage
 * ```ts
 * import { gather, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = await gather([
 *   () => sleep(0.002, "slow"),
 *   () => sleep(0.001, "fast"),
 * ]);
 * assertEquals([a, b], ["slow", "fast"]);
 * ```
 *
 * @category Waiting for several
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.gather}
 */
export function gather<const A extends readonly Awaitable<unknown>[]>(
  aws: A,
  options: { returnExceptions: true },
): Future<GatherOutcomes<A>>;
/**
 * Runs several awaitables concurrently and collects their results in the order of the arguments.
 *
 * @typeParam A The types of the awaitables.
 * @param aws Futures, promises, and functions, which become tasks.
 * @param options Whether to return errors like results.
 * @returns A future of the results.
 * @throws {TypeError} If one of `aws` is not awaitable.
 * @throws {RangeError} If futures among them belong to different loops.
 * @category Waiting for several
 */
export function gather<const A extends readonly Awaitable<unknown>[]>(
  aws: A,
  options?: GatherOptions,
): Future<GatherResults<A>>;
export function gather(
  aws: readonly Awaitable<unknown>[],
  options?: GatherOptions,
): Future<unknown[]> {
  const home = commonHome(aws);
  assertOptions("gather", options);
  assertFlags("gather", options, "returnExceptions");
  const scheduler = home ?? currentScheduler();
  if (aws.length === 0) return fulfilled<unknown[]>(scheduler, []);
  const ensureOptions = { loop: scheduler.loop };
  const children = aws.map((aw) => ensureFuture(aw, ensureOptions));
  // Only futures can be given twice.
  const distinct = home === null ? children : [...new Set(children)];
  const { returnExceptions = false } = options ?? {};
  return new Gathering(scheduler, children, distinct, returnExceptions).future;
}

/** The futures whose results are collected. */
class Gathering {
  readonly future: Future<unknown[]>;
  /** In the order of the arguments, with duplicates. */
  readonly #children: readonly Future<unknown>[];
  readonly distinct: readonly Future<unknown>[];
  readonly #returnExceptions: boolean;
  #unfinished: number;
  #cancellation: { message: CancelMessage } | null = null;

  constructor(
    scheduler: Scheduler,
    children: readonly Future<unknown>[],
    distinct: readonly Future<unknown>[],
    returnExceptions: boolean,
  ) {
    this.future = new PrimitiveFuture(scheduler, GATHER, this);
    this.#children = children;
    this.#returnExceptions = returnExceptions;
    this.distinct = distinct;
    this.#unfinished = distinct.length;
    const done: Future<unknown>[] = [];
    const onDone = (child: Future<unknown>) => this.#onDone(child);
    const caller = callingTask();
    for (const child of this.distinct) {
      if (child.done()) done.push(child);
      else observe(child, onDone, caller, this.future);
    }
    done.forEach(onDone);
  }

  /** Called when the children were cancelled. They may take time or refuse: the future ends when they do. */
  onCancelled(message: CancelMessage): void {
    this.#cancellation = { message };
  }

  #onDone(child: Future<unknown>): void {
    this.#unfinished--;
    if (this.future.done()) {
      markRetrieved(child);
      return;
    }
    if (!this.#returnExceptions && hasFailed(child)) {
      fail(this.future, thrownBy(child));
    } else if (this.#unfinished === 0) {
      this.#finish();
    }
  }

  #finish(): void {
    if (this.#cancellation !== null) {
      this.#children.forEach(markRetrieved);
      fail(this.future, makeCancelledError(this.#cancellation.message));
      return;
    }
    fulfil(
      this.future,
      this.#children.map((child) =>
        hasFailed(child) ? thrownBy(child) : child.result()
      ),
    );
  }
}

const GATHER: PrimitiveBehavior<unknown[], Gathering> = {
  name: "gather()",
  dependencies: (gathering) => gathering.distinct,
  onRelayed: (gathering, message) => gathering.onCancelled(message),
  poll: () => null,
  onCancelled() {},
  handBack() {},
};

function hasFailed(future: Future<unknown>): boolean {
  return future.cancelled() || future.exception() !== null;
}

/** Checks the awaitables; returns the scheduler of the futures among them, or `null` if there are none. */
function commonHome(aws: readonly unknown[]): Scheduler | null {
  if (!Array.isArray(aws)) {
    throw wrongType(
      "The awaitables of gather()",
      "an array, as in gather([a, b])",
      aws,
    );
  }
  assertAwaitables("gather", aws);
  let common: Scheduler | null = null;
  for (const aw of aws) {
    if (typeof aw === "function" || !isFuture(aw)) continue;
    const home = homeOf(aw);
    if (common !== null && home !== common) {
      throw new RangeError(
        "The futures of gather() must belong to one event loop: received futures of several",
      );
    }
    common = home;
  }
  return common;
}
