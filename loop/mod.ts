// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The low-level API: the event loop, futures, tasks, handles and the exceptions.
 *
 * @example Usage
 * ```ts
 * import { getEventLoop } from "@asyncio/asyncio/loop";
 *
 * const loop = getEventLoop();
 * const future = loop.createFuture<string>();
 * loop.callLater(0.001, () => future.setResult("done"));
 * console.log(await future);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-llapi-index.html}
 *
 * @module
 */

import "./preload.ts";
export {
  InvalidStateError,
  KeyboardInterrupt,
  RuntimeError,
  SendfileNotAvailableError,
  setWarningHandler,
  TimeoutError,
} from "./core/errors.ts";
export {
  Context,
  ContextVar,
  copyContext,
  type Token,
} from "./core/context.ts";
export type {
  ExceptionContext,
  ExceptionHandler,
} from "./core/introspection/reports.ts";
export type { FrameCallGraphEntry } from "./core/introspection/source_stacks.ts";
export type { Delay, DurationLike } from "./core/validate.ts";
export { CancelledError } from "./core/cancelled_error.ts";
export { EventLoop } from "./event_loop.ts";
export {
  BrokenExecutor,
  Executor,
  type ExecutorShutdownOptions,
  type ThreadsafeLoop,
} from "./executor/executor.ts";
export {
  type JobArguments,
  type JobName,
  type JobOptions,
  type JobResult,
  WorkerExecutor,
  type WorkerExecutorOptions,
} from "./executor/worker_executor.ts";
export {
  type ExceptionCondition,
  ExceptionGroup,
} from "./core/exception_group.ts";
export {
  type Awaitable,
  Future,
  type FutureOptions,
  isFuture,
} from "./core/future.ts";
export { Handle, TimerHandle } from "./core/handle.ts";
export * from "./loops.ts";
export * from "./net/mod.ts";
export {
  type CoroutineFunction,
  type PrintTaskStackOptions,
  Task,
  type TaskFactory,
  type TaskOptions,
  type TaskStackOptions,
} from "./core/task.ts";
export { wrapFuture } from "./core/wrap_future.ts";
