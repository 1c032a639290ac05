// Copyright 2026 the asyncio for Deno authors. MIT license.

import { currentScheduler, schedulerOf } from "../loop/core/scheduler.ts";
import {
  assertFunctionItself,
  callingTask,
  type CoroutineFunction,
  Task,
  type TaskFactory,
  type TaskOptions,
  unfinishedTasks,
} from "../loop/core/task.ts";
import type { EventLoop } from "../loop/event_loop.ts";
import {
  type Awaitable,
  type Future,
  type FutureOptions,
  homeOf,
  isFuture,
} from "../loop/core/future.ts";
import { propertyOf } from "../loop/core/unknown_value.ts";
import { assertOptions, wrongType } from "../loop/core/validate.ts";
import { wrapFuture } from "../loop/core/wrap_future.ts";

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

/**
 * Returns the task that runs the calling code.
 *
 * @param loop The loop of the task; the running one by default.
 * @returns The task; `null` in a callback, outside any task, or in a task of another loop.
 * @throws {TypeError} If `loop` is not an event loop.
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

/**
 * Returns the tasks of a loop that are not done, in the order of their creation.
 *
 * @param loop The loop; the running one by default.
 * @returns The tasks.
 * @throws {TypeError} If `loop` is not an event loop.
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

/** Throws unless a value is awaitable, or a function. */
export function assertAwaitable(caller: string, aw: unknown): void {
  if (isAwaitable(aw)) return;
  throw wrongType(
    `The awaitable of ${caller}()`,
    "a future, a promise or a function",
    aw,
  );
}

/** Throws unless all values are awaitable, or functions. */
export function assertAwaitables(
  caller: string,
  aws: readonly unknown[],
): void {
  for (const [index, aw] of aws.entries()) {
    if (isAwaitable(aw)) continue;
    throw wrongType(
      `The awaitable of ${caller}() at index ${index}`,
      "a future, a promise or a function",
      aw,
    );
  }
}

function isAwaitable(value: unknown): boolean {
  // Looking at `then` of a future counts as awaiting it.
  return typeof value === "function" || isFuture(value) ||
    typeof propertyOf(value, "then") === "function";
}

/**
 * Converts an awaitable to a future: a future is returned as it is, a function becomes a task, a promise is wrapped.
 *
 * @typeParam T The type of the result.
 * @param aw The awaitable.
 * @param options The loop of the future, if not the current one.
 * @returns The future.
 * @throws {TypeError} If `aw` is not awaitable.
 * @throws {RangeError} If `aw` is a future of another loop than `options.loop`.
 *
 * @example Usage
 * ```ts
 * import { ensureFuture, isFuture } from "@asyncio/asyncio";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const future = ensureFuture(() => 1);
 * assert(isFuture(future));
 * assertEquals(await future, 1);
 * ```
 *
 * @category Futures
 * @see {@link https://docs.python.org/3/library/asyncio-future.html#asyncio.ensure_future}
 */
export function ensureFuture<T>(
  aw: Awaitable<T>,
  options?: FutureOptions,
): Future<T> {
  assertOptions("ensureFuture", options);
  const loop = options?.loop;
  if (isFuture(aw)) {
    if (loop !== undefined && homeOf(aw) !== schedulerOf(loop)) {
      throw new RangeError(
        "The loop of ensureFuture() must be the loop of the future: received another one",
      );
    }
    return aw as Future<T>;
  }
  if (typeof aw === "function") {
    return (loop ?? currentScheduler().loop).createTask(aw);
  }
  assertAwaitable("ensureFuture", aw);
  return wrapFuture(aw, options);
}

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
