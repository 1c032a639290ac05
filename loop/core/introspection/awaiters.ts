// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Future, observingFutures } from "../future.ts";

/** Registered awaiters of futures, beyond those that a future itself knows. */
const registered = new WeakMap<object, Set<Future<unknown>>>();

/** Registers that `waiter` awaits `future`. */
export function addAwaiter(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  const waiters = registered.get(future);
  if (waiters === undefined) registered.set(future, new Set([waiter]));
  else waiters.add(waiter);
}

/** Removes the registration of `waiter`. */
export function discardAwaiter(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  registered.get(future)?.delete(waiter);
}

/** Returns the tasks and futures that await a future, in the order of their registration. */
export function awaitersOf(future: Future<unknown>): Set<Future<unknown>> {
  return new Set([
    ...observingFutures(future),
    ...registered.get(future) ?? [],
  ]);
}
