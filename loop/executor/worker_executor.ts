// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type ErrorClass,
  errorClassNamed,
  RuntimeError,
  warn,
} from "../core/errors.ts";
import { fulfil, type Future, homeOf, observe } from "../core/future.ts";
import { assertWorkers } from "../core/runtime.ts";
import { isInstance, textOf } from "../core/unknown_value.ts";
import {
  assertFlags,
  assertFunction,
  assertInstance,
  assertInteger,
  assertOptions,
  assertString,
  wrongType,
} from "../core/validate.ts";
import { type ErrorCodec, errorCodec } from "./_worker_program.ts";
import { Job, PoolWorker, sourceOf, type WorkerOwner } from "./_pool_worker.ts";
import type { JobFunction } from "./_messages.ts";
import { Executor, type ExecutorShutdownOptions } from "./executor.ts";
import type { Resource, Scheduler } from "../core/scheduler.ts";
import { wrapFuture } from "../core/wrap_future.ts";

/** The boolean options of jobs, also those of all jobs of an executor. */
const JOB_FLAGS = ["transferResults", "terminateOnCancel"];

/**
 * The names of the functions that a module exports.
 *
 * @typeParam M The type of the module.
 * @category Threads
 */
export type JobName<M> =
  & {
    [K in keyof M]: M[K] extends (...args: never[]) => unknown ? K : never;
  }[keyof M]
  & string;

/**
 * The arguments of a function that a module exports.
 *
 * @typeParam M The type of the module.
 * @typeParam K The name of the function.
 * @category Threads
 */
export type JobArguments<M, K extends keyof M> = M[K] extends
  (...args: infer A) => unknown ? A : never;

/**
 * The result of a function that a module exports.
 *
 * @typeParam M The type of the module.
 * @typeParam K The name of the function.
 * @category Threads
 */
export type JobResult<M, K extends keyof M> = M[K] extends
  (...args: never[]) => infer R ? Awaited<R> : never;

/**
 * The options of a job. The defaults are the executor's options.
 *
 * @category Threads
 */
export interface JobOptions {
  /** The objects in the arguments to transfer instead of copying: buffers, ports, streams. */
  transfer?: Transferable[] | undefined;
  /** Whether to transfer such objects in the result. The function must not use them afterwards. */
  transferResults?: boolean | undefined;
  /**
   * Whether to terminate the worker if the job's future is cancelled while the job runs. Deno terminates it when
   * the job awaits something or returns.
   */
  terminateOnCancel?: boolean | undefined;
}

/**
 * The options of a {@linkcode WorkerExecutor}.
 *
 * @category Threads
 */
export interface WorkerExecutorOptions {
  /** The maximum number of workers; by default the number of processors. */
  maxWorkers?: number | undefined;
  /** The prefix of the workers' names. */
  name?: string | undefined;
  /**
   * Whether to terminate a worker if its job's future is cancelled. Deno terminates it when the job awaits
   * something or returns. By default the job goes on and its result is dropped.
   */
  terminateOnCancel?: boolean | undefined;
  /**
   * Whether to transfer buffers, ports and streams in results instead of copying them; `false` by default. The
   * functions must not use them afterwards.
   */
  transferResults?: boolean | undefined;
  /** The error classes of the program that the functions throw. Errors then arrive as their instances. */
  // deno-lint-ignore no-explicit-any -- the parameters of a constructor do not matter to `instanceof`
  errors?: readonly (abstract new (...args: any[]) => Error)[] | undefined;
}

/**
 * A pool of Web Workers that runs functions in other threads, for work that would block the event loop.
 *
 * There are two kinds of functions. A *module's* function is called by its exported name; names, arguments and
 * results are type-checked. A *self-contained* function is sent as source, so it can use only its arguments and the
 * global scope, none of the variables around it.
 *
 * Arguments and results are copied as by `structuredClone()`. Functions among the arguments run in the main
 * program: in the worker, calling them returns a promise, and they work until the job ends. An event loop becomes a
 * {@linkcode ThreadsafeLoop}. Errors keep their class if it comes from JavaScript, Deno, this library or `errors`;
 * otherwise they get the nearest known superclass. Context variables and `AsyncLocalStorage` do not reach the
 * workers.
 *
 * Workers are started on demand and run one job at a time; waiting jobs are FIFO. An idle worker does not keep the
 * program alive. Workers have the permissions of the program; a local module needs `--allow-read`, a remote one
 * `--allow-import`.
 *
 * A cancelled job that has not started is dropped; one that is running goes on, unless `terminateOnCancel` is set.
 * If a worker ends early, its job fails with a {@linkcode BrokenExecutor}, and a new worker replaces it.
 *
 * @typeParam M The type of the module, `typeof import("./jobs.ts")`.
 *
 * @example Self-contained functions
 * ```ts
 * import { getRunningLoop, run, WorkerExecutor } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * function countPrimes(below: number): number {
 *   let count = 0;
 *   for (let n = 2; n < below; n++) {
 *     let d = 2;
 *     while (d * d <= n && n % d !== 0) d++;
 *     if (d * d > n) count++;
 *   }
 *   return count;
 * }
 *
 * await run(async () => {
 *   await using pool = new WorkerExecutor();
 *   assertEquals(await getRunningLoop().runInExecutor(pool, countPrimes, 1000), 168);
 * });
 * ```
 *
 * @example The functions of a module
 * ```ts ignore
 * import { getRunningLoop, run, WorkerExecutor } from "@asyncio/asyncio";
 *
 * await run(async () => {
 *   await using pool = new WorkerExecutor<typeof import("./jobs.ts")>(
 *     new URL("./jobs.ts", import.meta.url),
 *   );
 *   console.log(await getRunningLoop().runInExecutor(pool, "crunch", 5));
 * });
 * ```
 *
 * @category Threads
 * @see {@link https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor}
 */
export class WorkerExecutor<M extends object = Record<never, never>>
  extends Executor {
  readonly #module: string | null;
  readonly #maxWorkers: number;
  readonly #name: string;
  readonly #terminateOnCancel: boolean;
  readonly #transferResults: boolean;
  readonly #codec: ErrorCodec;
  readonly #workers = new Set<PoolWorker>();
  /** The idle workers, most recently used last. */
  readonly #idle: PoolWorker[] = [];
  /** The waiting jobs, FIFO. */
  readonly #queue = new Set<Job>();
  readonly #owner: WorkerOwner = {
    onFree: (worker) => this.#onFree(worker),
    onBroken: (worker) => this.#onBroken(worker),
  };
  readonly #ended = Promise.withResolvers<void>();
  #started = 0;
  #isShutDown = false;

  /**
   * Constructs a new instance for self-contained functions. Workers are started on demand.
   *
   * @param options The options of the pool and of its jobs.
   * @throws {RangeError} If `maxWorkers` is not a positive integer.
   * @throws {TypeError} If an option has the wrong type.
   */
  constructor(options?: WorkerExecutorOptions);
  /**
   * Constructs a new instance for the functions of a module and self-contained functions.
   *
   * @param module The URL of the module: `new URL("./jobs.ts", import.meta.url)`.
   * @param options The options of the pool and of its jobs.
   * @throws {TypeError} If `module` is not an absolute URL.
   * @throws {RangeError} If `maxWorkers` is not a positive integer.
   * @throws {TypeError} If an option has the wrong type.
   */
  constructor(module: URL | string, options?: WorkerExecutorOptions);
  constructor(
    first?: URL | string | WorkerExecutorOptions,
    second?: WorkerExecutorOptions,
  ) {
    assertWorkers();
    super();
    const hasModule = typeof first === "string" || isInstance(first, URL);
    const options = hasModule ? second : first;
    this.#module = hasModule ? addressOf(first) : null;
    assertOptions("WorkerExecutor", options);
    assertFlags("WorkerExecutor", options, ...JOB_FLAGS);
    const { maxWorkers = navigator.hardwareConcurrency, name = "asyncio" } =
      options ?? {};
    assertInteger("The maxWorkers option of WorkerExecutor()", maxWorkers, 1);
    assertString("The name option of WorkerExecutor()", name);
    this.#maxWorkers = maxWorkers;
    this.#name = name;
    this.#terminateOnCancel = options?.terminateOnCancel ?? false;
    this.#transferResults = options?.transferResults ?? false;
    this.#codec = codecOf(options?.errors === undefined ? [] : options.errors);
  }

  /**
   * Runs a self-contained function in a worker.
   *
   * @typeParam A The types of the arguments.
   * @typeParam T The type of the result.
   * @param fn The function.
   * @param args The arguments.
   * @returns A future of the result, on the caller's loop.
   * @throws {RuntimeError} If the executor is shut down.
   * @throws {TypeError} If the function cannot be sent, or an argument cannot be cloned.
   */
  override submit<A extends unknown[], T>(
    fn: (...args: A) => T | PromiseLike<T>,
    ...args: A
  ): Future<T>;
  /**
   * Runs a function of the module in a worker.
   *
   * @typeParam K The name of the function.
   * @param name The exported name.
   * @param args The arguments.
   * @returns A future of the result, on the caller's loop.
   * @throws {RuntimeError} If the executor is shut down.
   * @throws {TypeError} If an argument cannot be cloned, or the executor has no module.
   */
  submit<K extends JobName<M>>(
    name: K,
    ...args: JobArguments<M, K>
  ): Future<JobResult<M, K>>;
  submit(fn: unknown, ...args: unknown[]): Future<never> {
    return this.#add(fn, args, {}, this.submit);
  }

  /**
   * Runs a self-contained function in a worker like {@linkcode WorkerExecutor.submit}, with options.
   *
   * @typeParam A The types of the arguments.
   * @typeParam T The type of the result.
   * @param fn The function.
   * @param args The arguments.
   * @param options What to transfer, and what a cancellation does.
   * @returns A future of the result, on the caller's loop.
   * @throws {RuntimeError} If the executor is shut down.
   * @throws {TypeError} If the function cannot be sent, or an argument cannot be cloned.
   *
   * @example Transfer a buffer in both directions
   * ```ts
   * import { run, WorkerExecutor } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * function invert(image: Uint8Array): Uint8Array {
   *   return image.map((each) => 255 - each);
   * }
   *
   * await run(async () => {
   *   await using pool = new WorkerExecutor();
   *   const image = new Uint8Array([0, 1, 255]);
   *   const inverted = await pool.run(invert, [image], {
   *     transfer: [image.buffer],
   *     transferResults: true,
   *   });
   *   assertEquals(inverted, new Uint8Array([255, 254, 0]));
   *   assertEquals(image.length, 0);
   * });
   * ```
   */
  run<A extends unknown[], T>(
    fn: (...args: A) => T | PromiseLike<T>,
    args: A,
    options?: JobOptions,
  ): Future<T>;
  /**
   * Runs a function of the module in a worker like {@linkcode WorkerExecutor.submit}, with options.
   *
   * @typeParam K The name of the function.
   * @param name The exported name.
   * @param args The arguments.
   * @param options What to transfer, and what a cancellation does.
   * @returns A future of the result, on the caller's loop.
   * @throws {RuntimeError} If the executor is shut down.
   * @throws {TypeError} If an argument cannot be cloned, or the executor has no module.
   */
  run<K extends JobName<M>>(
    name: K,
    args: JobArguments<M, K>,
    options?: JobOptions,
  ): Future<JobResult<M, K>>;
  run(
    fn: unknown,
    args: readonly unknown[],
    options: JobOptions = {},
  ): Future<never> {
    return this.#add(fn, args, options, this.run);
  }

  /**
   * Stops accepting jobs, and terminates the workers once the accepted jobs have ended.
   *
   * Cancellation ends only the wait.
   *
   * @param options Whether to wait, and whether to cancel jobs that have not started.
   * @returns A promise that resolves when all workers have been terminated, or immediately.
   */
  override async shutdown(
    options: ExecutorShutdownOptions = {},
  ): Promise<void> {
    assertOptions("shutdown", options);
    assertFlags("shutdown", options, "wait", "cancelFutures");
    const { wait = true, cancelFutures = false } = options;
    this.#isShutDown = true;
    if (cancelFutures) this.#dropQueue();
    for (const worker of this.#idle.splice(0)) this.#end(worker);
    this.#settleEnd();
    if (wait) await this.#ended.promise;
  }

  /**
   * Terminates all workers immediately and stops accepting jobs. Running jobs fail with a
   * {@linkcode BrokenExecutor}; waiting jobs are cancelled.
   *
   * @see
   * {@link https://docs.python.org/3.14/library/concurrent.futures.html#concurrent.futures.ProcessPoolExecutor.terminate_workers}
   */
  terminateWorkers(): void {
    this.#isShutDown = true;
    this.#dropQueue();
    this.#idle.length = 0;
    for (const worker of this.#workers) {
      this.#end(worker, "terminateWorkers() was called");
    }
    this.#settleEnd();
  }

  #add(
    fn: unknown,
    args: readonly unknown[],
    options: JobOptions,
    caller: (...args: never[]) => unknown,
  ): Future<never> {
    if (this.#isShutDown) {
      throw new RuntimeError(
        "Cannot submit a job as the executor is shut down",
      );
    }
    if (!Array.isArray(args)) {
      throw wrongType("The arguments of a job", "an array", args);
    }
    assertOptions("run", options);
    assertFlags("run", options, ...JOB_FLAGS);
    const { transfer = [] } = options;
    if (!Array.isArray(transfer)) {
      throw wrongType("The transfer option of a job", "an array", transfer);
    }
    for (const each of transfer) {
      assertInstance(
        "Each value in the transfer option of a job",
        "an object",
        Object,
        each,
      );
    }
    const job = new Job(this.#functionOf(fn), args, {
      transfer,
      transferResults: options.transferResults ?? this.#transferResults,
      terminateOnCancel: options.terminateOnCancel ?? this.#terminateOnCancel,
    }, caller);
    const worker = this.#idle.pop() ?? this.#start();
    if (worker === null) {
      job.copyArguments();
      this.#queue.add(job);
    } else {
      this.#beginOrRest(worker, job);
    }
    const scheduler = homeOf(job.future);
    scheduler.outside++;
    observe(job.future, () => {
      scheduler.outside--;
      if (job.future.cancelled()) this.#onCancelled(job);
    });
    // The overloads have the type of the result.
    return job.future as Future<never>;
  }

  #functionOf(fn: unknown): JobFunction {
    if (typeof fn !== "string") return sourceOf(fn);
    if (this.#module !== null) return { module: this.#module, name: fn };
    throw wrongType(
      "The function of a job",
      "a function, as the executor has no module",
      fn,
    );
  }

  /** Returns a new worker, or `null` if the maximum is reached. */
  #start(): PoolWorker | null {
    if (this.#workers.size >= this.#maxWorkers) return null;
    const name = `${this.#name}_${this.#started++}`;
    const worker = new PoolWorker(name, this.#codec, this.#owner);
    this.#workers.add(worker);
    return worker;
  }

  #beginOrRest(worker: PoolWorker, job: Job): void {
    try {
      worker.begin(job);
    } catch (error) {
      this.#onFree(worker);
      throw error;
    }
  }

  #beginOrFail(worker: PoolWorker, job: Job): boolean {
    try {
      worker.begin(job);
      return true;
    } catch (error) {
      job.fail(error, this.#name);
      return false;
    }
  }

  #onFree(worker: PoolWorker): void {
    for (let job; (job = this.#nextJob()) !== null;) {
      if (this.#beginOrFail(worker, job)) return;
    }
    // A worker that would keep the program alive is terminated: starting another takes a few milliseconds.
    if (this.#isShutDown || !worker.rest()) {
      this.#end(worker);
      this.#settleEnd();
    } else {
      this.#idle.push(worker);
    }
  }

  #onBroken(worker: PoolWorker): void {
    this.#workers.delete(worker);
    const index = this.#idle.indexOf(worker);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#replace();
  }

  #onCancelled(job: Job): void {
    const worker = job.worker;
    if (worker === null) {
      this.#queue.delete(job);
    } else if (job.terminateOnCancel) {
      this.#end(worker, "its job was cancelled");
      this.#replace();
    }
    this.#settleEnd();
  }

  /** Replaces a worker that has ended if jobs are waiting. */
  #replace(): void {
    const job = this.#nextJob();
    if (job === null) {
      this.#settleEnd();
      return;
    }
    let worker: PoolWorker | null;
    try {
      worker = this.#start();
    } catch (error) {
      // The system has no threads left. Other workers may run the remaining jobs.
      job.fail(error, this.#name);
      if (this.#workers.size === 0) this.#replace();
      return;
    }
    if (worker !== null && !this.#beginOrFail(worker, job)) {
      this.#onFree(worker);
    }
  }

  #nextJob(): Job | null {
    for (const job of this.#queue) {
      this.#queue.delete(job);
      // Cancelled, but its done callback has not run yet.
      if (!job.future.done()) return job;
    }
    return null;
  }

  #dropQueue(): void {
    const jobs = [...this.#queue];
    this.#queue.clear();
    for (const job of jobs) job.future.cancel();
  }

  #end(worker: PoolWorker, reason = "it is no longer needed"): void {
    this.#workers.delete(worker);
    worker.terminate(reason);
  }

  #settleEnd(): void {
    if (
      this.#isShutDown && this.#workers.size === 0 && this.#queue.size === 0
    ) {
      this.#ended.resolve();
    }
  }
}

function addressOf(module: URL | string): string {
  if (URL.canParse(textOf(module))) return new URL(module).href;
  throw wrongType(
    "The module of a WorkerExecutor",
    'an absolute URL, such as new URL("./jobs.ts", import.meta.url)',
    module,
  );
}

function codecOf(
  errors: NonNullable<WorkerExecutorOptions["errors"]>,
): ErrorCodec {
  if (!Array.isArray(errors)) {
    throw wrongType(
      "The errors option of WorkerExecutor()",
      "an array",
      errors,
    );
  }
  for (const errorClass of errors) {
    assertFunction(
      "Each class in the errors option of WorkerExecutor()",
      errorClass,
    );
  }
  const own = new Map<string, ErrorClass>(
    errors.map((errorClass) => [errorClass.name, { errorClass }]),
  );
  return errorCodec((name) => own.get(name) ?? errorClassNamed(name));
}

const executors = new WeakMap<Scheduler, DefaultExecutor>();

/** Returns the default executor of a loop. */
export function defaultExecutorOf(scheduler: Scheduler): DefaultExecutor {
  let executor = executors.get(scheduler);
  if (executor === undefined) {
    executor = new DefaultExecutor(scheduler);
    executors.set(scheduler, executor);
  }
  return executor;
}

/** The default executor of a loop, which is shut down with the loop. */
class DefaultExecutor implements Resource {
  readonly #scheduler: Scheduler;
  #executor: Executor | null = null;
  #isShutDown = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /**
   * Returns the executor, which is created on first use.
   *
   * @throws {RuntimeError} If it has been shut down.
   */
  get(): Executor {
    if (this.#isShutDown) {
      throw new RuntimeError("Executor shutdown has been called");
    }
    if (this.#executor === null) this.set(new WorkerExecutor());
    return this.#executor!;
  }

  set(executor: Executor): void {
    this.#executor = executor;
    this.#scheduler.resources.add(this);
  }

  /** Shuts down the executor and waits for its jobs. Terminates them after the timeout in seconds. */
  async shutdown(seconds: number | null): Promise<void> {
    this.#isShutDown = true;
    const executor = this.#executor;
    if (executor === null) return;
    if (!await this.#endsWithin(executor, seconds)) {
      warn(
        `The executor did not terminate its workers within ${seconds} seconds: they are terminated`,
      );
      if (executor instanceof WorkerExecutor) executor.terminateWorkers();
      else await executor.shutdown({ wait: false, cancelFutures: true });
    }
    this.#executor = null;
    this.#scheduler.resources.delete(this);
  }

  abandon(): void {
    this.#executor?.shutdown({ wait: false }).catch((exception) =>
      this.#scheduler.report({
        message: "The default executor failed to shut down",
        exception,
      })
    );
  }

  async #endsWithin(
    executor: Executor,
    seconds: number | null,
  ): Promise<boolean> {
    const { loop } = this.#scheduler;
    const ended = wrapFuture(executor.shutdown().then(() => true), { loop });
    const timer = seconds === null
      ? null
      : loop.callLater(seconds, () => ended.done() || fulfil(ended, false));
    try {
      return await ended;
    } finally {
      timer?.cancel();
    }
  }
}
