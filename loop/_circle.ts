// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: futures ask this.
import type { Future } from "./future.ts";
import { observingFutures } from "./_future_access.ts";

/** Whether the end of the future waits for that of other futures: only so can futures wait in a circle. */
export const waitsForOthers: unique symbol = Symbol("waits for others");

/**
 * Whether `awaiter` awaits `future`, itself or through others: through tasks and what `gather()` gives.
 * Another future may also be settled by somebody else, as that of a `wait()` by its time limit.
 */
export function isAwaitedBy(
  future: Future<unknown>,
  awaiter: Future<unknown>,
): boolean {
  const awaited = new Set([future]);
  for (const each of awaited) {
    for (const other of observingFutures(each)) {
      if (other === awaiter) return true;
      if (other[waitsForOthers]) awaited.add(other);
    }
  }
  return false;
}
