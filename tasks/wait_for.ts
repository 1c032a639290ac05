// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Awaitable,
  Future,
  isFuture,
  observe,
} from "../loop/core/future.ts";
import { isCancelledError } from "../loop/core/cancelled_error.ts";
import { type Delay, secondsOf } from "../loop/core/delay.ts";
import { TimeoutError } from "../loop/core/errors.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import type { Scope } from "../loop/core/scope.ts";
import { callingTask } from "../loop/core/task.ts";
import { assertOptions } from "../loop/core/validate.ts";
import { warn } from "../loop/core/warnings.ts";
import { wrapFuture } from "../loop/core/wrap_future.ts";
import { assertAwaitable } from "./_assert_awaitable.ts";
import { createTask } from "./create_task.ts";
import { ensureFuture } from "./ensure_future.ts";
import { runWithin, Timeout } from "./timeout.ts";

/**
 * The options of `waitFor()`.
 *
 * @category Time limits and cancellation
 */
export interface WaitForOptions {
  /** Cancels the wait when it aborts; the `CancelledError` has the signal's reason as its cause. */
  signal?: AbortSignal | undefined;
}

/**
 * Awaits an awaitable within a time limit.
 *
 * When the limit is reached, the awaitable is cancelled and awaited until it has ended, so `waitFor()` can take
 * longer than the limit. A function runs in the current task. Cancelling the calling task cancels the awaitable. A
 * native promise is left alone; one that a function awaits can only be interrupted if its API was given
 * `currentTask()!.signal`.
 *
 * Pass the function rather than its promise: if the task awaits several things concurrently, it is unknown which of
 * them the promise depends on, and only the wait for it ends.
 *
 * @typeParam T The type of the result.
 * @param aw A future, a promise or a function.
 * @param timeout The limit in seconds, or `null` for none.
 * @param options A signal that cancels the wait.
 * @returns The result.
 * @throws {TimeoutError} If the limit was reached.
 * @throws {TypeError} If `timeout` is not a duration, or `aw` is not awaitable.
 * @throws {RangeError} If `timeout` is `NaN`, or a duration without a fixed length.
 *
 * @example Usage
 * ```ts
 * import { sleep, TimeoutError, waitFor } from "@asyncio/asyncio";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * assertEquals(await waitFor(sleep(0.001, "in time"), 1), "in time");
 * await assertRejects(() => waitFor(sleep(3600), 0.001), TimeoutError);
 * ```
 *
 * @category Time limits and cancellation
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.wait_for}
 */
export async function waitFor<T>(
  aw: Awaitable<T>,
  timeout: Delay | null,
  options?: WaitForOptions,
): Promise<T> {
  const limit = timeout === null
    ? null
    : secondsOf("waitFor", "timeout", timeout);
  assertAwaitable("waitFor", aw);
  assertOptions("waitFor", options);
  if (callingTask() === null || options?.signal !== undefined) {
    return await createTask(() => wait(aw, limit), { signal: options?.signal });
  }
  return await wait(aw, limit);
}

function wait<T>(aw: Awaitable<T>, limit: number | null): Promise<T> {
  if (limit !== null && limit <= 0) return poll(ensureFuture(aw));
  const now = currentScheduler().time();
  const scope = new Timeout(limit === null ? null : now + limit);
  if (typeof aw === "function") return runWithin(scope, aw, { now });
  if (isFuture(aw)) {
    return runWithin(scope, () => aw as Future<T>, { now });
  }
  return waitForPromise(aw, scope);
}

/**
 * A promise has no scope: the work behind it began before the limit. If the surrounding code has exactly one other
 * await pending, that is taken to be the promise's and cancelled, and the wait lasts until the promise settles.
 * Otherwise only the wait ends.
 */
function waitForPromise<T>(
  promise: PromiseLike<T>,
  limit: Timeout,
): Promise<T> {
  let isPromiseCancelled = false;
  const body = async () => {
    try {
      return await wrapFuture(promise);
    } catch (error) {
      if (isPromiseCancelled) return await wrapFuture(promise);
      throw error;
    }
  };
  return runWithin(limit, body, {
    onLimit(scope) {
      const [other, ...more] = scope.parent!.waits()
        .filter((wait) => !wait.scope!.isIn(scope));
      if (other !== undefined && more.length === 0) {
        isPromiseCancelled = other.cancel(undefined);
      }
      if (!isPromiseCancelled) warnOfPromise(scope);
    },
  });
}

function warnOfPromise({ taskState }: Scope): void {
  if (!taskState.scheduler.debug) return;
  warn(
    `waitFor() in ${taskState.task} was given a promise and reached its limit: the work behind the promise ` +
      "goes on. Pass the function that creates it",
  );
}

/** Returns the result of a future that is done; cancels any other. */
async function poll<T>(future: Future<T>): Promise<T> {
  if (future.done()) return future.result();
  await cancelAndWait(future);
  try {
    return future.result();
  } catch (error) {
    if (!isCancelledError(error)) throw error;
    throw new TimeoutError("The time limit was reached", { cause: error });
  }
}

async function cancelAndWait(future: Future<unknown>): Promise<void> {
  const ended = new Future<void>();
  observe(
    future,
    () => {
      if (!ended.done()) ended.setResult();
    },
    callingTask(),
    ended,
  );
  future.cancel();
  await ended;
}
