// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../loop/core/cancelled_error.ts";
import type { EventLoop } from "../loop/event_loop.ts";
import {
  isRepresented,
  type RepresentedLoop,
  type ThreadsafeLoop,
} from "../loop/executor/threadsafe_loop.ts";
import {
  cancelPending,
  fail,
  fulfil,
  type Future,
  homeOf,
} from "../loop/core/future.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
} from "../loop/core/primitive_future.ts";
import {
  callOutsideTasks,
  currentScheduler,
  schedulerOf,
} from "../loop/core/scheduler.ts";
import {
  assertFunctionItself,
  type CoroutineFunction,
  type Task,
} from "../loop/core/task.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import { follow } from "../loop/core/wrap_future.ts";

/**
 * Runs a function as a task of a loop, from anywhere: from code of another loop, or from a worker.
 *
 * In a worker, the function and the loop are arguments that the job received: the function runs in the main program,
 * and its result is copied. So a job can await what the main program awaits.
 *
 * Cancelling the future cancels the task.
 *
 * @typeParam T The type of the result.
 * @param coro The function.
 * @param loop The loop.
 * @returns A future of the result, on the running loop.
 * @throws {TypeError} If `coro` is not a function or, in a worker, not an argument of the job.
 * @throws {RuntimeError} If the loop is closed, or the job that received it has ended.
 *
 * @example Await a task of another loop
 * ```ts
 * import { newEventLoop, runCoroutineThreadsafe, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const loop = newEventLoop();
 * const running = loop.runForever();
 * assertEquals(await runCoroutineThreadsafe(() => sleep(0.001, "done"), loop), "done");
 * loop.stop();
 * await running;
 * loop.close();
 * ```
 *
 * @example Await the main program from a worker
 * ```ts ignore
 * // jobs.ts
 * import { runCoroutineThreadsafe, type ThreadsafeLoop } from "@asyncio/asyncio";
 *
 * export async function consume(loop: ThreadsafeLoop, next: () => PromiseLike<number>) {
 *   return 2 * await runCoroutineThreadsafe(next, loop);
 * }
 *
 * // main.ts
 * import { getRunningLoop, Queue, run, WorkerExecutor } from "@asyncio/asyncio";
 *
 * await run(async () => {
 *   const queue = new Queue<number>();
 *   queue.putNowait(21);
 *   await using pool = new WorkerExecutor<typeof import("./jobs.ts")>(
 *     new URL("./jobs.ts", import.meta.url),
 *   );
 *   const loop = getRunningLoop();
 *   console.log(await loop.runInExecutor(pool, "consume", loop, () => queue.get()));
 * });
 * ```
 *
 * @category Threads
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.run_coroutine_threadsafe}
 */
export function runCoroutineThreadsafe<T>(
  coro: CoroutineFunction<T>,
  loop: EventLoop | ThreadsafeLoop,
): Future<T> {
  assertFunctionItself("runCoroutineThreadsafe", "coro", coro);
  return isRepresented(loop)
    ? runElsewhere<T>(coro, loop)
    // A loop without a representative is one of this thread.
    : runHere(coro, schedulerOf(loop as EventLoop).loop);
}

/** A future that completes with a task of another loop. */
const DISTANT: PrimitiveBehavior<unknown, () => void> = {
  name: "runCoroutineThreadsafe()",
  poll: () => null,
  onCancelled() {},
  handBack() {},
  cancel(cancelTask, operation, message) {
    cancelTask();
    cancelPending(operation, message);
    return true;
  },
};

function distant<T>(cancelTask: () => void): Future<T> {
  return new PrimitiveFuture<T, () => void>(
    currentScheduler(),
    DISTANT as PrimitiveBehavior<T, () => void>,
    cancelTask,
  );
}

function runHere<T>(coro: CoroutineFunction<T>, loop: EventLoop): Future<T> {
  let task: Task<T> | null = null;
  const future = distant<T>(() => {
    if (task !== null && !loop.isClosed()) {
      loop.callSoonThreadsafe(() => task?.cancel());
    }
  });
  loop.callSoonThreadsafe(() => {
    if (future.done()) return;
    try {
      task = loop.createTask(coro);
      follow(future, task);
    } catch (error) {
      // A user-defined task factory may throw.
      callOutsideTasks(homeOf(future), () => fail(future, error));
      throw error;
    }
  });
  return future;
}

function runElsewhere<T>(
  coro: CoroutineFunction<T>,
  loop: RepresentedLoop,
): Future<T> {
  const { result, cancel } = loop.callRemotely(coro);
  const future = distant<T>(cancel);
  callOutsideTasks(homeOf(future), () => {
    result.then(
      (value) => future.done() || fulfil(future, value as T),
      (error) => {
        if (future.done()) return;
        if (isInstance(error, CancelledError)) {
          cancelPending(future, error.message);
        } else fail(future, error);
      },
    );
  });
  return future;
}
