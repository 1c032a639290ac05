// Copyright 2026 the asyncio for Deno authors. MIT license.

import { registerErrorClass } from "../core/error_classes.ts";
import { RuntimeError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { isInstance } from "../core/unknown_value.ts";
import { wrongType } from "../core/validate.ts";

/** The options of `executor.shutdown()`. */
export interface ExecutorShutdownOptions {
  /** Whether the promise waits until all jobs are done; it does by default. */
  wait?: boolean | undefined;
  /** Whether jobs that have not begun are cancelled; by default they are still done. */
  cancelFutures?: boolean | undefined;
}

/**
 * Something that runs functions elsewhere than in the event loop. {@linkcode WorkerExecutor} does; a
 * subclass of a program's own can be given to `loop.runInExecutor()` and `loop.setDefaultExecutor()`.
 *
 * @example An executor that runs everything at once, for tests
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
 * @see {@link https://docs.python.org/3/library/concurrent.futures.html#executor-objects}
 */
export abstract class Executor implements AsyncDisposable {
  /**
   * Has a function called with arguments.
   *
   * @typeParam A The types of the arguments.
   * @typeParam T What the function returns.
   * @param fn The function.
   * @param args What it is called with.
   * @returns A future of what it returns, of the loop that runs the caller.
   */
  abstract submit<A extends unknown[], T>(
    fn: (...args: A) => T | PromiseLike<T>,
    ...args: A
  ): Future<T>;

  /**
   * Takes no more jobs, and lets go of everything once those that it has are done.
   *
   * @param options Whether to wait for that, and what becomes of jobs that have not begun.
   * @returns A promise that resolves when all is done, or at once.
   */
  abstract shutdown(options?: ExecutorShutdownOptions): Promise<void>;

  /** As {@linkcode Executor.shutdown}, which waits for the jobs. */
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
 * What ran a job ended before the job did: the job ended its thread, or left an error behind that
 * nobody caught, or somebody terminated it. The executor goes on, unless it was shut down.
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
 * @see {@link https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.BrokenExecutor}
 */
export class BrokenExecutor extends RuntimeError {
  /**
   * Constructs a new instance.
   *
   * @param message What happened.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BrokenExecutor";
  }
}

registerErrorClass(BrokenExecutor);
