// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../loop/event_loop.ts";
import {
  type CoroutineFunction,
  Task,
  type TaskFactory,
  type TaskOptions,
} from "../loop/core/task.ts";
import { assertOptions, wrongType } from "../loop/core/validate.ts";

/**
 * A constructor of tasks: the class `Task` or a class derived from it.
 *
 * @category Tasks
 */
export type TaskConstructor = new <T>(
  coro: CoroutineFunction<T>,
  options: TaskOptions & { loop: EventLoop },
) => Task<T>;

/**
 * Creates a task factory, from a class of tasks, whose tasks start at once.
 *
 * @param taskConstructor The class.
 * @returns The factory. A task with the option `eagerStart: false` starts soon, as usual.
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
 * @category Tasks
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
  return (loop, coro, options = {}) => {
    assertOptions("createTask", options);
    const { eagerStart = true } = options;
    return new taskConstructor(coro, { ...options, eagerStart, loop });
  };
}

/**
 * A task factory whose tasks start at once: the body runs up to its first `await` before `createTask()` returns. A
 * body that does not await costs no turn of the loop, but the order of events differs from that of ordinary tasks.
 *
 * While the loop is not running, tasks start soon here too.
 *
 * @param loop The loop of the task.
 * @param coro The function that the task runs.
 * @param options A name and a context.
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
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.eager_task_factory}
 */
export const eagerTaskFactory: TaskFactory = createEagerTaskFactory(Task);
