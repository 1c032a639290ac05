// Copyright 2026 the asyncio for Deno authors. MIT license.

import { currentScheduler } from "../loop/core/scheduler.ts";
import {
  assertFunctionItself,
  type CoroutineFunction,
  type Task,
  type TaskOptions,
} from "../loop/core/task.ts";

/**
 * Runs a function as a task. It starts soon: not before the calling code awaits.
 *
 * The task belongs to the running loop or, outside `run()`, to the process-wide default loop. An exception that is
 * never retrieved is reported to the loop's exception handler.
 *
 * @typeParam T The type of the result.
 * @param coro The function.
 * @param options A name, how the task starts, and a signal that cancels it.
 * @returns The task.
 * @throws {TypeError} If `coro` is not a function: a promise has already started.
 *
 * @example Usage
 * ```ts
 * import { createTask, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const task = createTask(() => sleep(0.001, "hello"), { name: "greeter" });
 * assertEquals(task.getName(), "greeter");
 * assertEquals(await task, "hello");
 * ```
 *
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task}
 */
export function createTask<T>(
  coro: CoroutineFunction<T>,
  options?: TaskOptions,
): Task<T> {
  assertFunctionItself("createTask", "coro", coro);
  return currentScheduler().loop.createTask(coro, options);
}
