// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../loop/event_loop.ts";
import { schedulerOf } from "../loop/core/scheduler.ts";
import { callingTask, type Task } from "../loop/core/task.ts";

/**
 * Returns the task that runs the calling code.
 *
 * @param loop The loop of the task; the running one by default.
 * @returns The task; `null` in a callback, outside any task, or in a task of another loop.
 *
 * @example Usage
 * ```ts
 * import { currentTask, run } from "@asyncio/asyncio";
 * import { assert, assertEquals } from "@std/assert";
 *
 * assertEquals(currentTask(), null);
 * await run(() => assert(currentTask() !== null));
 * ```
 *
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.current_task}
 */
export function currentTask(loop?: EventLoop): Task<unknown> | null {
  if (loop !== undefined) schedulerOf(loop);
  const task = callingTask();
  if (task === null || loop === undefined) return task;
  return task.getLoop() === loop ? task : null;
}
