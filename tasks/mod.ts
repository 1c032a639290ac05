// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Tasks: running a program, starting, grouping, awaiting and cancelling tasks, time limits.
 *
 * @example Usage
 * ```ts
 * import { run, sleep, taskGroup, timeout } from "@asyncio/asyncio/tasks";
 *
 * await run(() =>
 *   timeout(5, () =>
 *     taskGroup((group) => {
 *       for (const name of ["a", "b"]) {
 *         group.createTask(async () => {
 *           await sleep(0.001);
 *           console.log(name);
 *         });
 *       }
 *     }))
 * );
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-task.html}
 *
 * @module
 */

import "../loop/preload.ts";

export type { Delay, DurationLike } from "../loop/core/delay.ts";
export type { Awaitable } from "../loop/core/future.ts";
export type { FrameCallGraphEntry } from "../loop/core/introspection/call_stack.ts";
export { isCoroutineFunction } from "../loop/core/is_coroutine_function.ts";
export {
  type CoroutineFunction,
  Task,
  type TaskOptions,
} from "../loop/core/task.ts";
export * from "./after.ts";
export * from "./all_tasks.ts";
export {
  asCompleted,
  type AsCompletedOptions,
  type CompletedFuture,
  type CompletionIterator,
} from "./as_completed.ts";
export * from "./awaited_by.ts";
export * from "./backoff.ts";
export * from "./call_graph.ts";
export {
  CancelScope,
  cancelScope,
  type CancelScopeOptions,
  moveOnAfter,
  shielded,
  type ShieldedOptions,
} from "./cancel_scope.ts";
export * from "./create_task.ts";
export * from "./current_task.ts";
export * from "./eager_task_factory.ts";
export * from "./ensure_future.ts";
export * from "./for_each_concurrent.ts";
export {
  gather,
  type GatherOptions,
  type GatherOutcomes,
  type GatherResult,
  type GatherResults,
} from "./gather.ts";
export {
  type Limit,
  type Limits,
  mapConcurrent,
  type MapConcurrentOptions,
} from "./map_concurrent.ts";
export * from "./putting.ts";
export * from "./race.ts";
export { rethrowCancelled } from "./rethrow_cancelled.ts";
export { retry, type RetryDelay, type RetryOptions } from "./retry.ts";
export * from "./run.ts";
export * from "./run_coroutine_threadsafe.ts";
export { Runner, type RunnerOptions, type RunOptions } from "./runner.ts";
export * from "./select.ts";
export * from "./shield.ts";
export * from "./sleep.ts";
export * from "./supervise.ts";
export * from "./task_group.ts";
export { Timeout, timeout, timeoutAt, type TimeoutOptions } from "./timeout.ts";
export * from "./to_thread.ts";
export * from "./wait.ts";
export * from "./wait_for.ts";
