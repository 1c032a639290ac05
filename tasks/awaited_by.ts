// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  addAwaiter,
  discardAwaiter,
} from "../loop/core/introspection/awaiters.ts";
import { Future } from "../loop/core/future.ts";
import { isInstance } from "../loop/core/unknown_value.ts";

/**
 * Records in the call graph that one future awaits another.
 *
 * The library records `await`, `gather()`, `wait()`, `shield()` and task groups itself. Use this function in code
 * that connects futures by `addDoneCallback()`, and call {@linkcode futureDiscardFromAwaitedBy} with the same
 * arguments when the wait is over.
 *
 * @param future The awaited future. It is a no-op if this is not a `Future`.
 * @param waiter The future that awaits it. It is a no-op if this is not a `Future`.
 *
 * @example Usage
 * ```ts
 * import { captureCallGraph, Future, futureAddToAwaitedBy } from "@asyncio/asyncio";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const inner = new Future();
 * const outer = new Future();
 * inner.addDoneCallback(() => outer.setResult(null));
 * futureAddToAwaitedBy(inner, outer);
 * assertStrictEquals(captureCallGraph(inner)?.awaitedBy[0]?.future, outer);
 * ```
 *
 * @category Call graph
 * @see {@link https://docs.python.org/3/library/asyncio-graph.html#asyncio.future_add_to_awaited_by}
 */
export function futureAddToAwaitedBy(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  if (!isInstance(future, Future) || !isInstance(waiter, Future)) return;
  addAwaiter(future, waiter);
}

/**
 * Removes what {@linkcode futureAddToAwaitedBy} recorded.
 *
 * @param future The awaited future. It is a no-op if this is not a `Future`.
 * @param waiter The future that awaited it. It is a no-op if this is not a `Future`.
 *
 * @example Usage
 * ```ts
 * import {
 *   captureCallGraph,
 *   Future,
 *   futureAddToAwaitedBy,
 *   futureDiscardFromAwaitedBy,
 * } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const inner = new Future();
 * const outer = new Future();
 * futureAddToAwaitedBy(inner, outer);
 * futureDiscardFromAwaitedBy(inner, outer);
 * assertEquals(captureCallGraph(inner)?.awaitedBy, []);
 * ```
 *
 * @category Call graph
 * @see {@link https://docs.python.org/3/library/asyncio-graph.html#asyncio.future_discard_from_awaited_by}
 */
export function futureDiscardFromAwaitedBy(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  if (!isInstance(future, Future) || !isInstance(waiter, Future)) return;
  discardAwaiter(future, waiter);
}
