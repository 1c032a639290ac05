// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  cancellationIn,
  type CancelledError,
} from "../loop/core/cancelled_error.ts";
import { TimeoutError } from "../loop/core/errors.ts";
import { currentSpot } from "../loop/core/task_state.ts";
import { chainOf, isInstance } from "../loop/core/unknown_value.ts";

/**
 * Throws an error if it is a cancellation: for `catch` blocks that handle failures, which a cancellation is not.
 *
 * A cancellation is a `CancelledError`, an error with one in its chain of causes, and what a foreign operation throws
 * that obeyed the signal of a cancelled task. A `TimeoutError` is a failure, although a `CancelledError` is its cause.
 *
 * @param error What was caught.
 * @throws The error, if it is a cancellation.
 *
 * @example Usage
 * ```ts
 * import { createTask, rethrowCancelled, sleep } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * const task = createTask(async () => {
 *   try {
 *     await sleep(3600);
 *   } catch (error) {
 *     rethrowCancelled(error);
 *     console.error("failed:", error);
 *   }
 * });
 * await sleep(0);
 * task.cancel();
 * await task.catch(() => {});
 * assert(task.cancelled());
 * ```
 *
 * @category Time limits and cancellation
 */
export function rethrowCancelled(error: unknown): void {
  if (isCancellation(error)) throw error;
}

/** Whether an error is a cancellation, in the scope of the calling code. */
export function isCancellation(error: unknown): boolean {
  if (cancellationIn(error) !== null) return true;
  for (const each of chainOf(error, "cause")) {
    if (isInstance(each, TimeoutError)) return false;
    if (cancellationIn(each) !== null) return true;
  }
  const scope = currentSpot()?.scope.nearestOpen();
  const cancellation: CancelledError | null | undefined = scope
    ?.cancellationIn(error);
  return cancellation != null;
}

/** Returns the number of requests in force to cancel the calling code; 0 outside tasks. */
export function requestsAround(): number {
  return currentSpot()?.scope.nearestOpen().requestsAround() ?? 0;
}
