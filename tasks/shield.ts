// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Awaitable,
  fail,
  fulfil,
  Future,
  homeOf,
  markRetrieved,
  observe,
  thrownBy,
  unobserve,
} from "../loop/core/future.ts";
import { callingTask } from "../loop/core/task.ts";
import { assertAwaitable, ensureFuture } from "./create_task.ts";

/**
 * Protects an awaitable from cancellation: if the awaiting task is cancelled, the awaitable goes on.
 *
 * The awaitable can still be cancelled otherwise. Keep a reference to it if you need its result later. Once it is no
 * longer awaited through a shield, its error goes to the loop's exception handler.
 *
 * @typeParam T The type of the result.
 * @param aw A future, a promise, or a function, which becomes a task.
 * @returns A future of the same result; `aw` itself if that is done.
 * @throws {TypeError} If `aw` is not awaitable.
 *
 * @example Keep a reference, and let the work go on
 * ```ts
 * import { createTask, shield, sleep, timeout } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const work = createTask(() => sleep(0.01, "saved"));
 * await timeout(0.001, () => shield(work)).catch(() => "too slow");
 * assertEquals(await work, "saved");
 * ```
 *
 * @category Time limits and cancellation
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.shield}
 */
export function shield<T>(aw: Awaitable<T>): Future<T> {
  assertAwaitable("shield", aw);
  const inner = ensureFuture(aw);
  if (inner.done()) return inner;
  const outer = new Future<T>(homeOf(inner));
  const follow = (inner: Future<T>) => settleLike(outer, inner);
  observe(inner, follow, callingTask(), outer);
  observe(outer, () => {
    if (inner.done()) return;
    unobserve(inner, follow);
    // Only the last abandoned shield reports.
    unobserve(inner as Future<unknown>, reportFailure);
    observe(inner as Future<unknown>, reportFailure);
  });
  return outer;
}

function settleLike<T>(outer: Future<T>, inner: Future<T>): void {
  if (outer.done()) {
    markRetrieved(inner);
  } else if (inner.cancelled()) {
    outer.cancel();
  } else if (inner.exception() !== null) {
    fail(outer, thrownBy(inner));
  } else {
    fulfil(outer, inner.result());
  }
}

function reportFailure(inner: Future<unknown>): void {
  if (inner.cancelled() || inner.exception() === null) return;
  homeOf(inner).report({
    message: "An exception was thrown by a shielded future",
    exception: thrownBy(inner),
    future: inner,
  });
}
