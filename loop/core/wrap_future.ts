// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../event_loop.ts";
import {
  cancelPending,
  fail,
  fulfil,
  Future,
  type FutureOptions,
  homeOf,
  observe,
  thrownBy,
} from "./future.ts";
import { callOutsideTasks, type Scheduler } from "./scheduler.ts";
import { isInstance, propertyOf } from "./unknown_value.ts";
import { wrongType } from "./validate.ts";

/**
 * Wraps a promise in a future. Cancelling the future detaches it from the promise; the work behind it continues.
 *
 * @typeParam T The type of the result.
 * @param promise The promise; a `Future` is returned as it is.
 * @param options The loop of the future, if not the current one.
 * @returns The future.
 * @throws {TypeError} If `promise` is not a promise.
 *
 * @example Usage
 * ```ts
 * import { wrapFuture } from "@asyncio/asyncio";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const future = wrapFuture(Promise.resolve(1));
 * assert(!future.done());
 * assertEquals(await future, 1);
 * ```
 *
 * @category Futures
 * @see {@link https://docs.python.org/3/library/asyncio-future.html#asyncio.wrap_future}
 */
export function wrapFuture<T>(
  promise: PromiseLike<T>,
  options?: FutureOptions,
): Future<T> {
  if (isInstance<Future<T>>(promise, Future)) return promise;
  if (typeof propertyOf(promise, "then") !== "function") {
    throw wrongType("The promise of wrapFuture()", "a promise", promise);
  }
  const future = new Future<T>(options);
  awaitOutside(homeOf(future), promise, {
    onFulfilled: (value) => future.done() || fulfil(future, value),
    onRejected: (error) => future.done() || fail(future, error),
  });
  return future;
}

/** The pending futures of each promise, in {@linkcode futureSharing}. */
const futuresOf = new WeakMap<PromiseLike<unknown>, Set<Future<unknown>>>();

/**
 * Returns a future for a promise that may be waited for again and again, by waits that are cancelled. A promise keeps its
 * reactions until it settles, so those of futures that were cancelled would pile up: here the futures share one. Takes
 * a microsecond more. The loop counts the promise while the future is pending, if it settles outside.
 */
export function futureSharing<T>(
  scheduler: Scheduler,
  promise: PromiseLike<T>,
  isOutside = true,
): Future<T> {
  const future = new Future<T>({ loop: scheduler.loop });
  const shared = futuresOf.get(promise);
  const futures = shared ?? new Set();
  const outside = isOutside ? 1 : 0;
  futures.add(future);
  scheduler.outside += outside;
  observe(future, () => {
    scheduler.outside -= outside;
    futures.delete(future);
  });
  if (shared === undefined) settleTogether(promise, futures);
  return future;
}

function settleTogether(
  promise: PromiseLike<unknown>,
  futures: Set<Future<unknown>>,
): void {
  futuresOf.set(promise, futures);
  const settle = (end: (future: Future<unknown>) => void) => {
    futuresOf.delete(promise);
    for (const future of futures) reach(future, () => end(future));
  };
  reactOnce(promise, {
    onFulfilled: (value) => settle((future) => fulfil(future, value)),
    onRejected: (error) => settle((future) => fail(future, error)),
  });
}

/** The functions that are called when a promise settles. */
interface Reactions<T> {
  readonly onFulfilled: (value: T) => void;
  readonly onRejected: (error: unknown) => void;
}

/** Awaits a promise that is settled outside the loop; the loop counts it until then. */
export function awaitOutside<T>(
  scheduler: Scheduler,
  promise: PromiseLike<T>,
  { onFulfilled, onRejected }: Reactions<T>,
): void {
  scheduler.outside++;
  reactOnce(promise, {
    onFulfilled: (value) => {
      scheduler.outside--;
      onFulfilled(value);
    },
    onRejected: (error) => {
      scheduler.outside--;
      onRejected(error);
    },
  });
}

/** Reacts once to a thenable, as `await` does: one of user code may call back twice, or throw. */
export function reactOnce<T>(
  promise: PromiseLike<T>,
  { onFulfilled, onRejected }: Reactions<T>,
): void {
  let isSettled = false;
  const once = <A>(react: (outcome: A) => void) => (outcome: A) => {
    if (isSettled) return;
    isSettled = true;
    react(outcome);
  };
  const reject = once(onRejected);
  try {
    promise.then(once(onFulfilled), reject);
  } catch (error) {
    reject(error);
  }
}

/** Returns a future of `loop` that ends as `source` does and relays cancellation to it; `source` if it is of that loop. */
export function futureIn<T>(loop: EventLoop, source: Future<T>): Future<T> {
  if (source.getLoop() === loop) return source;
  const target = new Future<T>({ loop });
  follow(target, source);
  observe(target, () => {
    if (target.cancelled()) reach(source, () => source.cancel());
  });
  return target;
}

/** Settles `target` as `source` ends, which may belong to another loop. */
export function follow<T>(target: Future<T>, source: Future<T>): void {
  observe(source, () =>
    reach(target, () => {
      if (source.cancelled()) cancelPending(target, undefined);
      else if (source.exception() !== null) fail(target, thrownBy(source));
      else fulfil(target, source.result());
    }));
}

/** Calls a function outside the tasks of a future's loop, unless the future is done. */
function reach(future: Future<unknown>, fn: () => void): void {
  if (future.done() || future.getLoop().isClosed()) return;
  callOutsideTasks(homeOf(future), fn);
}
