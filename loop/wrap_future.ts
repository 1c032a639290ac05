// Copyright 2026 the asyncio for Deno authors. MIT license.

import { fail, fulfil, Future, type FutureOptions, homeOf } from "./future.ts";

/**
 * Wraps a promise in a future. Cancelling the future detaches it from the promise, which goes on.
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
 * @see {@link https://docs.python.org/3/library/asyncio-future.html#asyncio.wrap_future}
 */
export function wrapFuture<T>(
  promise: PromiseLike<T>,
  options?: FutureOptions,
): Future<T> {
  if (promise instanceof Future) return promise;
  if (typeof promise?.then !== "function") {
    throw new TypeError(
      `wrapFuture() takes a promise: received ${typeof promise}`,
    );
  }
  const future = new Future<T>(options);
  const scheduler = homeOf(future);
  scheduler.outside++;
  promise.then(
    (value) => {
      scheduler.outside--;
      if (!future.done()) fulfil(future, value);
    },
    (error) => {
      scheduler.outside--;
      if (!future.done()) fail(future, error);
    },
  );
  return future;
}
