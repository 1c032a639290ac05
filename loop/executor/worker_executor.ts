// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type ErrorClass, errorClassNamed } from "../core/error_classes.ts";
import { RuntimeError } from "../core/errors.ts";
import { type Future, homeOf, observe } from "../core/future.ts";
import { assertWorkers } from "../core/runtime.ts";
import { isInstance, textOf } from "../core/unknown_value.ts";
import {
  assertFunction,
  assertInstance,
  assertInteger,
  assertOptions,
  assertString,
  wrongType,
} from "../core/validate.ts";
import { type ErrorCodec, errorCodec } from "./_error_codec.ts";
import { sourceOf } from "./_function_source.ts";
import { Job } from "./_job.ts";
import type { JobFunction } from "./_messages.ts";
import { PoolWorker, type WorkerOwner } from "./_pool_worker.ts";
import { Executor, type ExecutorShutdownOptions } from "./executor.ts";

/**
 * The names of the functions that a module exports.
 *
 * @typeParam M The type of the module.
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
 */
export type JobArguments<M, K extends keyof M> = M[K] extends
  (...args: infer A) => unknown ? A : never;

/**
 * The result of a function that a module exports.
 *
 * @typeParam M The type of the module.
 * @typeParam K The name of the function.
 */
export type JobResult<M, K extends keyof M> = M[K] extends
  (...args: never[]) => infer R ? Awaited<R> : never;

/** The options of a job; those of its executor are the defaults. */
export interface JobOptions {
  /** What of the arguments is moved to the worker, not copied: buffers, ports, streams. */
  transfer?: Transferable[] | undefined;
  /** Whether such things in the result are moved: the function must not use them any more. */
  transferResults?: boolean | undefined;
  /**
   * Whether the worker is ended when the job's future is cancelled while the job runs. Deno stops it where
   * the job awaits something or returns.
   */
  terminateOnCancel?: boolean | undefined;
}

/** The options of a {@linkcode WorkerExecutor}. */
export interface WorkerExecutorOptions {
  /** How many workers there are at most; by default as many as the machine has processors. */
  maxWorkers?: number | undefined;
  /** What the names of the workers begin with. */
  name?: string | undefined;
  /**
   * Whether a worker is ended when its job's future is cancelled, as far as Deno can: where the job awaits
   * something or returns. By default the job goes on, and its result is dropped.
   */
  terminateOnCancel?: boolean | undefined;
  /**
   * Whether buffers, ports and streams in the results are moved, not copied: for functions that do not
   * use them any more. Off by default.
   */
  transferResults?: boolean | undefined;
  /** Classes of errors that the functions throw, so that they come back as instances of these. */
  // deno-lint-ignore no-explicit-any -- the parameters of a constructor do not matter to `instanceof`
  errors?: readonly (abstract new (...args: any[]) => Error)[] | undefined;
}

/**
 * A pool of Web Workers that runs functions in other threads: for work that would keep the event loop
 * busy.
 *
 * A function gets there in one of two ways. A *module's* function is called by the name by which the
 * module exports it; names, arguments and results are checked by its type. A *self-contained* function
 * is sent as source, so it has only its arguments and the global scope, none of the variables around it.
 *
 * Arguments and results are copied as by `structuredClone()`. Functions among the arguments are called
 * in the main program: in the worker they give promises, and work until the job ends. An event loop
 * becomes a {@linkcode ThreadsafeLoop}. Errors come back with their class, if it is one of
 * JavaScript's, Deno's, this library's or of `errors`; of another one the nearest class above that is
 * known. Context variables and `AsyncLocalStorage` do not reach the workers.
 *
 * Workers are started when they are needed, and do one job at a time; jobs that wait do so in order. A
 * worker that has nothing to do does not keep the program alive. Workers have the permissions of the
 * program; a local module needs `--allow-read`, a remote one `--allow-import`.
 *
 * Cancelled, a job that has not begun is dropped; one that runs goes on, unless `terminateOnCancel`. A
 * worker that ends early fails its job with a {@linkcode BrokenExecutor}, and another takes its place.
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
  /** Those that have nothing to do, most recently used last. */
  readonly #idle: PoolWorker[] = [];
  /** The jobs that wait, first come, first served. */
  readonly #queue = new Set<Job>();
  readonly #owner: WorkerOwner = {
    onFree: (worker) => this.#onFree(worker),
    onBroken: (worker) => this.#onBroken(worker),
  };
  readonly #ended = Promise.withResolvers<void>();
  #started = 0;
  #isShutDown = false;

  /**
   * Constructs a new instance for self-contained functions. No worker starts yet.
   *
   * @param options How many workers there may be, and how jobs are done.
   * @throws {RangeError} If `maxWorkers` is not a positive integer.
   * @throws {TypeError} If an option has the wrong type.
   */
  constructor(options?: WorkerExecutorOptions);
  /**
   * Constructs a new instance for the functions of a module, and for self-contained ones.
   *
   * @param module The address of the module: `new URL("./jobs.ts", import.meta.url)`.
   * @param options How many workers there may be, and how jobs are done.
   * @throws {TypeError} If `module` is not an absolute address.
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
   * Has a self-contained function called in a worker.
   *
   * @typeParam A The types of the arguments.
   * @typeParam T What the function returns.
   * @param fn The function.
   * @param args What it is called with.
   * @returns A future of what it returns, of the loop that runs the caller.
   * @throws {RuntimeError} If the executor is shut down.
   * @throws {TypeError} If the function cannot be sent, or an argument cannot be cloned.
   */
  override submit<A extends unknown[], T>(
    fn: (...args: A) => T | PromiseLike<T>,
    ...args: A
  ): Future<T>;
  /**
   * Has a function of the module called in a worker.
   *
   * @typeParam K The name of the function.
   * @param name The name by which the module exports it.
   * @param args What it is called with.
   * @returns A future of what it returns, of the loop that runs the caller.
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
   * Has a self-contained function called in a worker, as {@linkcode WorkerExecutor.submit}, on terms of
   * its own.
   *
   * @typeParam A The types of the arguments.
   * @typeParam T What the function returns.
   * @param fn The function.
   * @param args What it is called with.
   * @param options What is moved, and what a cancellation does.
   * @returns A future of what it returns, of the loop that runs the caller.
   * @throws {RuntimeError} If the executor is shut down.
   * @throws {TypeError} If the function cannot be sent, or an argument cannot be cloned.
   *
   * @example Move a buffer there and back
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
   * Has a function of the module called in a worker, as {@linkcode WorkerExecutor.submit}, on terms of
   * its own.
   *
   * @typeParam K The name of the function.
   * @param name The name by which the module exports it.
   * @param args What it is called with.
   * @param options What is moved, and what a cancellation does.
   * @returns A future of what it returns, of the loop that runs the caller.
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
   * Takes no more jobs, and ends the workers once the jobs are done.
   *
   * Cancelled while it waits, it goes on all the same.
   *
   * @param options Whether to wait for that, and what becomes of jobs that have not begun.
   * @returns A promise that resolves when every worker has been ended, or at once.
   */
  override async shutdown(
    options: ExecutorShutdownOptions = {},
  ): Promise<void> {
    assertOptions("shutdown", options);
    const { wait = true, cancelFutures = false } = options;
    this.#isShutDown = true;
    if (cancelFutures) this.#dropQueue();
    for (const worker of this.#idle.splice(0)) this.#end(worker);
    this.#settleEnd();
    if (wait) await this.#ended.promise;
  }

  /**
   * Ends all workers at once, and takes no more jobs. Jobs that run fail with a
   * {@linkcode BrokenExecutor}, those that wait are cancelled.
   *
   * @see {@link https://docs.python.org/3.14/library/concurrent.futures.html#concurrent.futures.ProcessPoolExecutor.terminate_workers}
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
      transferResults: Boolean(
        options.transferResults ?? this.#transferResults,
      ),
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
    // The overloads say of what type the result is.
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

  /** A new worker, or `null` if there are enough. */
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
    // One that would keep the program alive must go: starting another takes a few milliseconds.
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

  /** A worker is gone: starts another if a job waits. */
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
      // The system has no threads left. Other workers may be there for the jobs that still wait.
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
      // Cancelled, and its callback has not had its turn.
      if (!job.future.done()) return job;
    }
    return null;
  }

  #dropQueue(): void {
    const jobs = [...this.#queue];
    this.#queue.clear();
    for (const job of jobs) job.future.cancel();
  }

  #end(worker: PoolWorker, reason = "it is not needed any more"): void {
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
    'an absolute address, as new URL("./jobs.ts", import.meta.url)',
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
    assertFunction("Each of the errors of a WorkerExecutor", errorClass);
  }
  const own = new Map<string, ErrorClass>(
    errors.map((errorClass) => [errorClass.name, { errorClass }]),
  );
  return errorCodec((name) => own.get(name) ?? errorClassNamed(name));
}
