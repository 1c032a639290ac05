// Copyright 2026 the asyncio for Deno authors. MIT license.

import { defaultExecutorOf } from "../loop/executor/default_executor.ts";
import { assertExecutor, type Executor } from "../loop/executor/executor.ts";
import {
  type JobOptions,
  WorkerExecutor,
} from "../loop/executor/worker_executor.ts";
import type { Future } from "../loop/core/future.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import {
  assertFunction,
  assertOptions,
  wrongType,
} from "../loop/core/validate.ts";

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
