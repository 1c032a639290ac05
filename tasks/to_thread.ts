// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  defaultExecutorOf,
  type JobOptions,
  WorkerExecutor,
} from "../loop/executor/worker_executor.ts";
import {
  assertExecutor,
  type Executor,
  isRepresented,
  type RepresentedLoop,
  type ThreadsafeLoop,
} from "../loop/executor/executor.ts";
import {
  cancelPending,
  fail,
  fulfil,
  type Future,
  homeOf,
} from "../loop/core/future.ts";
import {
  callOutsideTasks,
  currentScheduler,
  schedulerOf,
} from "../loop/core/scheduler.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import {
  assertFunction,
  assertOptions,
  wrongType,
} from "../loop/core/validate.ts";
import { CancelledError } from "../loop/core/cancelled_error.ts";
import type { EventLoop } from "../loop/event_loop.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
} from "../loop/core/primitive_future.ts";
import {
  assertFunctionItself,
  type CoroutineFunction,
  type Task,
} from "../loop/core/task.ts";
import { follow } from "../loop/core/wrap_future.ts";

/**
 * The options of {@linkcode toThread}.
 *
 * @category Threads
 */
export interface ToThreadOptions extends JobOptions {
  /** The executor that calls the function; the default executor of the loop if it is not given. */
  executor?: Executor | undefined;
}

/**
 * Calls a function in another thread, so that the event loop can go on.
 *
 * The function must be self-contained: its source is sent, so it can use its arguments and the global scope, but none
 * of the variables around it. Arguments and result are copied. See `WorkerExecutor` for the rules, and for functions
 * of a module. Context variables do not reach the thread.
 *
 * If the future is cancelled, a job that has not begun is dropped. A running job goes on and its result is dropped
 * or, with `terminateOnCancel`, its thread is terminated. The awaiting task continues at once in both cases.
 *
 * @typeParam T The type of the result.
 * @param fn The function.
 * @param args The arguments.
 * @param options Another executor, objects to transfer, and what a cancellation does.
 * @returns A future of the function's result.
 * @throws {RuntimeError} If the executor is shut down.
 * @throws {TypeError} If the function cannot be sent, or an argument cannot be cloned.
 *
 * @example Usage
 * ```ts
 * import { gather, run, sleep, toThread } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * function fibonacci(n: number): number {
 *   return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
 * }
 *
 * await run(async () => {
 *   const [result] = await gather([toThread(fibonacci, [20]), sleep(0.001)]);
 *   assertEquals(result, 6765);
 * });
 * ```
 *
 * @category Threads
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread}
 */
export function toThread<T>(
  fn: () => T | PromiseLike<T>,
  args?: [],
  options?: ToThreadOptions,
): Future<T>;
/**
 * Calls a function in another thread with arguments.
 *
 * @typeParam A The types of the arguments.
 * @typeParam T The type of the result.
 * @param fn The function.
 * @param args The arguments.
 * @param options Another executor, objects to transfer, and what a cancellation does.
 * @returns A future of the function's result.
 * @throws {RuntimeError} If the executor is shut down.
 * @throws {TypeError} If the function cannot be sent, or an argument cannot be cloned.
 * @category Threads
 */
export function toThread<A extends unknown[], T>(
  fn: (...args: A) => T | PromiseLike<T>,
  args: A,
  options?: ToThreadOptions,
): Future<T>;
export function toThread<T>(
  fn: (...args: unknown[]) => T | PromiseLike<T>,
  args: unknown[] = [],
  threadOptions: ToThreadOptions = {},
): Future<T> {
  assertFunction("The function of toThread()", fn);
  if (!Array.isArray(args)) {
    throw wrongType("The args of toThread()", "an array", args);
  }
  assertOptions("toThread", threadOptions);
  const { executor, ...options } = threadOptions;
  const chosen = executor === undefined
    ? defaultExecutorOf(currentScheduler()).get()
    : executor;
  if (isInstance(chosen, WorkerExecutor)) return chosen.run(fn, args, options);
  assertExecutor("toThread", chosen);
  if (Object.keys(options).length > 0) {
    throw new TypeError(
      `toThread() takes these options only for a WorkerExecutor: received ${
        Object.keys(options).join(", ")
      }`,
    );
  }
  return chosen.submit(fn, ...args);
}

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
