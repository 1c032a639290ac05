// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TaskFactory } from "../loop/base_event_loop.ts";
import type { EventLoop } from "../loop/event_loop.ts";
import {
  type CoroutineFunction,
  Task,
  type TaskOptions,
} from "../loop/core/task.ts";
import { assertOptions, wrongType } from "../loop/core/validate.ts";

/** What makes a task: the class `Task` or one derived from it. */
export type TaskConstructor = new <T>(
  coro: CoroutineFunction<T>,
  options: TaskOptions & { loop: EventLoop },
) => Task<T>;

/**
 * Makes a task factory whose tasks start at once, from a class of tasks.
 *
 * @param taskConstructor The class.
 * @returns The factory. A task whose options say `eagerStart: false` starts soon, as others do.
 * @throws {TypeError} If `taskConstructor` is not a class.
 *
 * @example Usage
 * ```ts
 * import {
 *   createEagerTaskFactory,
 *   createTask,
 *   getRunningLoop,
 *   run,
 *   Task,
 * } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * class NotedTask<T> extends Task<T> {}
 *
 * await run(() => {
 *   getRunningLoop().setTaskFactory(createEagerTaskFactory(NotedTask));
 *   const task = createTask(() => 1);
 *   assert(task instanceof NotedTask && task.done());
 * });
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.create_eager_task_factory}
 */
export function createEagerTaskFactory(
  taskConstructor: TaskConstructor,
): TaskFactory {
  if (typeof taskConstructor !== "function") {
    throw wrongType(
      "The constructor of createEagerTaskFactory()",
      "a class of tasks",
      taskConstructor,
    );
  }
  return (loop, coro, options) => {
    assertOptions("createTask", options);
    return new taskConstructor(coro, {
      ...options,
      eagerStart: options?.eagerStart ?? true,
      loop,
    });
  };
}

/**
 * A task factory whose tasks start at once: the body runs up to its first `await` before
 * `createTask()` returns. What never awaits costs no turn of the loop; but the order of events is
 * another one than with tasks that start soon.
 *
 * While the loop does not run yet, tasks start soon also here.
 *
 * @param loop The loop of the task.
 * @param coro The function that the task runs.
 * @param options Its name and context.
 * @returns The task.
 *
 * @example Usage
 * ```ts
 * import { createTask, eagerTaskFactory, getRunningLoop, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(() => {
 *   getRunningLoop().setTaskFactory(eagerTaskFactory);
 *   const cached = createTask(() => 42);
 *   assertEquals(cached.result(), 42);
 * });
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.eager_task_factory}
 */
export const eagerTaskFactory: TaskFactory = createEagerTaskFactory(Task);
