// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Future, observingFutures } from "../future.ts";

/** What was said to await a future, beyond what the future itself knows. */
const registered = new WeakMap<object, Set<Future<unknown>>>();

/** Remembers that `waiter` awaits `future`. */
export function addAwaiter(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  const waiters = registered.get(future);
  if (waiters === undefined) registered.set(future, new Set([waiter]));
  else waiters.add(waiter);
}

/** Forgets that `waiter` awaits `future`. */
export function discardAwaiter(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  registered.get(future)?.delete(waiter);
}

/** The tasks and futures that await a future, in the order in which they came. */
export function awaitersOf(future: Future<unknown>): Set<Future<unknown>> {
  return new Set([
    ...observingFutures(future),
    ...registered.get(future) ?? [],
  ]);
}
