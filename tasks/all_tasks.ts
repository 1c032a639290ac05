// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../loop/event_loop.ts";
import { currentScheduler, schedulerOf } from "../loop/core/scheduler.ts";
import { type Task, unfinishedTasks } from "../loop/core/task.ts";

/**
 * Returns the tasks of a loop that are not done, in the order of their creation.
 *
 * @param loop The loop; the running one by default.
 * @returns The tasks.
 *
 * @example Usage
 * ```ts
 * import { allTasks, createTask, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const task = createTask(() => sleep(0));
 *   assertEquals(allTasks().size, 2);
 *   await task;
 *   assertEquals(allTasks().size, 1);
 * });
 * ```
 *
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.all_tasks}
 */
export function allTasks(loop?: EventLoop): Set<Task<unknown>> {
  return new Set(
    unfinishedTasks(
      loop === undefined ? currentScheduler() : schedulerOf(loop),
    ),
  );
}
