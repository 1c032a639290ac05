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
export type { Delay, DurationLike } from "../loop/core/validate.ts";
export type { Awaitable } from "../loop/core/future.ts";
export type { FrameCallGraphEntry } from "../loop/core/introspection/source_stacks.ts";
export {
  type CoroutineFunction,
  isCoroutineFunction,
  Task,
  type TaskOptions,
} from "../loop/core/task.ts";
export { after, sleep } from "./sleep.ts";
export {
  allTasks,
  createEagerTaskFactory,
  createTask,
  currentTask,
  eagerTaskFactory,
  ensureFuture,
  type TaskConstructor,
} from "./create_task.ts";
export {
  ALL_COMPLETED,
  asCompleted,
  type AsCompletedOptions,
  type CompletedFuture,
  type CompletionIterator,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type ReturnWhen,
  wait,
  type WaitOptions,
} from "./wait.ts";
export {
  type CallGraphOptions,
  captureCallGraph,
  formatCallGraph,
  futureAddToAwaitedBy,
  type FutureCallGraph,
  futureDiscardFromAwaitedBy,
  printCallGraph,
  type PrintCallGraphOptions,
} from "./call_graph.ts";
export {
  backoff,
  type BackoffOptions,
  retry,
  type RetryDelay,
  type RetryOptions,
} from "./retry.ts";
export {
  CancelScope,
  cancelScope,
  type CancelScopeOptions,
  moveOnAfter,
  rethrowCancelled,
  shielded,
  type ShieldedOptions,
} from "./cancel_scope.ts";
export {
  forEachConcurrent,
  type ForEachConcurrentOptions,
  type Limit,
  type Limits,
  mapConcurrent,
  type MapConcurrentOptions,
} from "./map_concurrent.ts";
export {
  gather,
  type GatherOptions,
  type GatherOutcomes,
  type GatherResult,
  type GatherResults,
} from "./gather.ts";
export {
  putting,
  select,
  type Selectable,
  type SelectableObject,
  type Selected,
  type SelectedValue,
} from "./select.ts";
export * from "./race.ts";
export { run, Runner, type RunnerOptions, type RunOptions } from "./runner.ts";
export {
  runCoroutineThreadsafe,
  toThread,
  type ToThreadOptions,
} from "./to_thread.ts";
export * from "./shield.ts";
export * from "./supervise.ts";
export * from "./task_group.ts";
export {
  Timeout,
  timeout,
  timeoutAt,
  type TimeoutOptions,
  waitFor,
  type WaitForOptions,
} from "./timeout.ts";
