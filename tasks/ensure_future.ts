// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Awaitable,
  type Future,
  type FutureOptions,
  homeOf,
  isFuture,
} from "../loop/core/future.ts";
import { currentScheduler, schedulerOf } from "../loop/core/scheduler.ts";
import { assertOptions } from "../loop/core/validate.ts";
import { wrapFuture } from "../loop/core/wrap_future.ts";
import { assertAwaitable } from "./_assert_awaitable.ts";

/**
 * Converts an awaitable to a future: a future is returned as it is, a function becomes a task, a promise is wrapped.
 *
 * @typeParam T The type of the result.
 * @param aw The awaitable.
 * @param options The loop of the future, if not the current one.
 * @returns The future.
 * @throws {TypeError} If `aw` is not awaitable.
 * @throws {RangeError} If `aw` is a future of another loop than `options.loop`.
 *
 * @example Usage
 * ```ts
 * import { ensureFuture, isFuture } from "@asyncio/asyncio";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const future = ensureFuture(() => 1);
 * assert(isFuture(future));
 * assertEquals(await future, 1);
 * ```
 *
 * @category Futures
 * @see {@link https://docs.python.org/3/library/asyncio-future.html#asyncio.ensure_future}
 */
export function ensureFuture<T>(
  aw: Awaitable<T>,
  options?: FutureOptions,
): Future<T> {
  assertOptions("ensureFuture", options);
  const loop = options?.loop;
  if (isFuture(aw)) {
    if (loop !== undefined && homeOf(aw) !== schedulerOf(loop)) {
      throw new RangeError(
        "The loop of ensureFuture() must be the loop of the future: received another one",
      );
    }
    return aw as Future<T>;
  }
  if (typeof aw === "function") {
    return (loop ?? currentScheduler().loop).createTask(aw);
  }
  assertAwaitable("ensureFuture", aw);
  return wrapFuture(aw, options);
}
