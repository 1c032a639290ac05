// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  addAwaiter,
  discardAwaiter,
} from "../loop/core/introspection/awaiters.ts";
import { Future } from "../loop/core/future.ts";
import { isInstance } from "../loop/core/unknown_value.ts";

/**
 * Says that one future awaits another, for the call graph.
 *
 * An `await` is known by itself, and so is what `gather()`, `wait()`, `shield()` and task groups await.
 * This is for code that connects futures by `addDoneCallback()`. Once it is over, call
 * {@linkcode futureDiscardFromAwaitedBy} with the same arguments.
 *
 * @param future What is awaited. Nothing happens if it is no `Future`.
 * @param waiter What awaits it. Nothing happens if it is no `Future`.
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
 * Takes back what {@linkcode futureAddToAwaitedBy} said.
 *
 * @param future What was awaited. Nothing happens if it is no `Future`.
 * @param waiter What awaited it. Nothing happens if it is no `Future`.
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
 * @see {@link https://docs.python.org/3/library/asyncio-graph.html#asyncio.future_discard_from_awaited_by}
 */
export function futureDiscardFromAwaitedBy(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  if (!isInstance(future, Future) || !isInstance(waiter, Future)) return;
  discardAwaiter(future, waiter);
}
