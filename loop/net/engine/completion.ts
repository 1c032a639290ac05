// Copyright 2026 the asyncio for Deno authors. MIT license.

import { fail, fulfil, Future } from "../../future.ts";
import { callOutsideTasks, type Scheduler } from "../../scheduler.ts";
import { networkOf } from "./network.ts";

/**
 * A future of what an operation of Deno's comes to. If its result comes too late, since the future
 * was cancelled or the loop is closed, it goes to `discard`.
 */
export function completionOf<T>(
  scheduler: Scheduler,
  operation: Promise<T>,
  discard: (late: T) => void = () => {},
): Future<T> {
  return futureOf(scheduler, operation, discard, true);
}

/** The same of an operation on the network, which is perhaps not the system's but a part of the program. */
export function networkCompletionOf<T>(
  scheduler: Scheduler,
  operation: Promise<T>,
  discard: (late: T) => void = () => {},
): Future<T> {
  const isOutside = networkOf(scheduler) === null;
  return futureOf(scheduler, operation, discard, isOutside);
}

function futureOf<T>(
  scheduler: Scheduler,
  operation: Promise<T>,
  discard: (late: T) => void,
  isOutside: boolean,
): Future<T> {
  const future = new Future<T>({ loop: scheduler.loop });
  const isTooLate = () => future.done() || scheduler.loop.isClosed();
  const count = isOutside ? 1 : 0;
  scheduler.outside += count;
  callOutsideTasks(scheduler, () => {
    operation.then(
      (value) => {
        scheduler.outside -= count;
        if (isTooLate()) discard(value);
        else fulfil(future, value);
      },
      (error) => {
        scheduler.outside -= count;
        if (!isTooLate()) fail(future, error);
      },
    );
  });
  return future;
}
