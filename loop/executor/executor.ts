// Copyright 2026 the asyncio for Deno authors. MIT license.

import { registerErrorClass, RuntimeError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { isInstance } from "../core/unknown_value.ts";
import { wrongType } from "../core/validate.ts";

/**
 * The options of `executor.shutdown()`.
 *
 * @category Threads
 */
export interface ExecutorShutdownOptions {
  /** Whether the promise waits for all jobs; `true` by default. */
  wait?: boolean | undefined;
  /** Whether to cancel jobs that have not started; `false` by default. */
  cancelFutures?: boolean | undefined;
}

/**
 * Runs functions outside the event loop, as {@linkcode WorkerExecutor} does. Custom subclasses can be passed to
 * `loop.runInExecutor()` and `loop.setDefaultExecutor()`.
 *
 * @example An executor for tests that runs everything immediately
 * ```ts
 * import { Executor, type Future, getEventLoop, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * class InlineExecutor extends Executor {
 *   override submit<A extends unknown[], T>(
 *     fn: (...args: A) => T | PromiseLike<T>,
 *     ...args: A
 *   ): Future<T> {
 *     return getEventLoop().createTask(() => fn(...args));
 *   }
 *
 *   override async shutdown(): Promise<void> {}
 * }
 *
 * await run(async () => {
 *   const loop = getEventLoop();
 *   const double = (n: number) => 2 * n;
 *   assertEquals(await loop.runInExecutor(new InlineExecutor(), double, 21), 42);
 * });
 * ```
 *
 * @category Threads
 * @see {@link https://docs.python.org/3/library/concurrent.futures.html#executor-objects}
 */
export abstract class Executor implements AsyncDisposable {
  /**
   * Runs a function with arguments.
   *
   * @typeParam A The types of the arguments.
   * @typeParam T The type of the result.
   * @param fn The function.
   * @param args The arguments.
   * @returns A future of the result, on the caller's loop.
   */
  abstract submit<A extends unknown[], T>(
    fn: (...args: A) => T | PromiseLike<T>,
    ...args: A
  ): Future<T>;

  /**
   * Stops accepting jobs, and releases all resources once the accepted jobs have ended.
   *
   * @param options Whether to wait, and whether to cancel jobs that have not started.
   * @returns A promise that resolves when all jobs have ended, or immediately.
   */
  abstract shutdown(options?: ExecutorShutdownOptions): Promise<void>;

  /** Shuts down and waits for the jobs, like {@linkcode Executor.shutdown}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}

/** Throws unless `executor` is an executor. */
export function assertExecutor(
  method: string,
  executor: unknown,
): asserts executor is Executor {
  if (isInstance(executor, Executor)) return;
  throw wrongType(`The executor of ${method}()`, "an Executor", executor);
}

/**
 * Thrown when the thread of a job ends before the job: the job ended it, left an uncaught error, or the thread was
 * terminated. The executor can still be used unless it was shut down.
 *
 * @example Usage
 * ```ts
 * import { BrokenExecutor, run, toThread } from "@asyncio/asyncio";
 * import { assertRejects } from "@std/assert";
 *
 * await run(async () => {
 *   await assertRejects(() => toThread(() => Deno.exit(1)), BrokenExecutor);
 * });
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.BrokenExecutor}
 */
export class BrokenExecutor extends RuntimeError {
  /**
   * Constructs a new instance.
   *
   * @param message The message.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BrokenExecutor";
  }
}

registerErrorClass(BrokenExecutor);

/**
 * The interface of an event loop that is passed to a job in a worker. Every `EventLoop` implements it.
 *
 * @example A job that reports its progress
 * ```ts
 * import { getRunningLoop, run, type ThreadsafeLoop, toThread } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * function count(loop: ThreadsafeLoop, report: (n: number) => unknown) {
 *   for (let n = 1; n <= 3; n++) loop.callSoonThreadsafe(report, n);
 * }
 *
 * await run(async () => {
 *   const reports: number[] = [];
 *   await toThread(count, [getRunningLoop(), (n) => reports.push(n)]);
 *   assertEquals(reports, [1, 2, 3]);
 * });
 * ```
 *
 * @category Threads
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_soon_threadsafe}
 */
export interface ThreadsafeLoop {
  /**
   * Schedules a call of a function of the main program on the loop.
   *
   * @typeParam A The types of the arguments.
   * @param callback The function, which must be an argument of the job.
   * @param args The arguments, which are copied.
   */
  callSoonThreadsafe<A extends unknown[]>(
    callback: (...args: A) => unknown,
    ...args: A
  ): unknown;
}

/** A call to a function of the main program from a worker. */
export interface RemoteCall {
  readonly result: Promise<unknown>;
  cancel(): void;
}

/** A proxy in a worker for a loop of the main program. */
export interface RepresentedLoop extends ThreadsafeLoop {
  /** Implements `runCoroutineThreadsafe()`. */
  callRemotely(coro: () => unknown): RemoteCall;
}

/** Returns whether the loop is a proxy. */
export function isRepresented(loop: ThreadsafeLoop): loop is RepresentedLoop {
  return typeof loop === "object" && loop !== null && "callRemotely" in loop;
}
