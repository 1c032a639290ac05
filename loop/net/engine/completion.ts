// Copyright 2026 the asyncio for Deno authors. MIT license.

import { fail, fulfil, Future } from "../../future.ts";
import { callOutsideTasks, type Scheduler } from "../../scheduler.ts";

/**
 * A future of what an operation of Deno's comes to. If its result comes too late, since the future
 * was cancelled or the loop is closed, it goes to `discard`.
 */
export function completionOf<T>(
  scheduler: Scheduler,
  operation: Promise<T>,
  discard: (late: T) => void = () => {},
): Future<T> {
  const future = new Future<T>({ loop: scheduler.loop });
  const isTooLate = () => future.done() || scheduler.loop.isClosed();
  scheduler.outside++;
  callOutsideTasks(scheduler, () => {
    operation.then(
      (value) => {
        scheduler.outside--;
        if (isTooLate()) discard(value);
        else fulfil(future, value);
      },
      (error) => {
        scheduler.outside--;
        if (!isTooLate()) fail(future, error);
      },
    );
  });
  return future;
}
