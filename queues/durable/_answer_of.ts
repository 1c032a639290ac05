// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  fail,
  fulfil,
  fulfilled,
  Future,
  observe,
  pending,
  thrownBy,
} from "../../loop/core/future.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import { isInstance, propertyOf } from "../../loop/core/unknown_value.ts";
import { awaitOutside } from "../../loop/core/wrap_future.ts";
import type { Answer } from "./store.ts";

/**
 * Returns a future of a store's answer. Cancelling it does not reach the store: what was asked for may be done by then,
 * so the answer still comes, and goes to `onLate`.
 */
export function answerOf<T>(
  scheduler: Scheduler,
  answer: Answer<T>,
  onLate: (value: T) => void = () => {},
): Future<T> {
  if (typeof propertyOf(answer, "then") !== "function") {
    return fulfilled(scheduler, answer as T);
  }
  const future = pending(scheduler) as Future<T>;
  const onFulfilled = (value: T) =>
    future.done() ? onLate(value) : fulfil(future, value);
  const onRejected = (error: unknown) => future.done() || fail(future, error);
  if (!isInstance<Future<T>>(answer, Future)) {
    awaitOutside(scheduler, answer as PromiseLike<T>, {
      onFulfilled,
      onRejected,
    });
    return future;
  }
  observe(answer, () => {
    if (answer.cancelled()) future.cancel();
    else if (answer.exception() === null) onFulfilled(answer.result());
    else onRejected(thrownBy(answer));
  });
  return future;
}
