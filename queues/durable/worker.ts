// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../loop/core/cancelled_error.ts";
import {
  assertFunction,
  assertInstance,
  assertInteger,
  assertOptions,
  type Delay,
  outOfRange,
  secondsOf,
} from "../../loop/core/validate.ts";
import type { Future } from "../../loop/core/future.ts";
import { currentScheduler } from "../../loop/core/scheduler.ts";
import { ExceptionGroup } from "../../loop/core/exception_group.ts";
import { isInstance } from "../../loop/core/unknown_value.ts";
import {
  CancelScope,
  cancelScope,
  shielded,
} from "../../tasks/cancel_scope.ts";
import { currentTask } from "../../tasks/create_task.ts";
import { taskGroup } from "../../tasks/task_group.ts";
import { QueueShutDown } from "../errors.ts";
import { jsonOf } from "./_json.ts";
import {
  DurableQueue,
  keepsResults,
  leaseAhead,
  onShutDown,
} from "./durable_queue.ts";
import { LeaseLost } from "./errors.ts";
import { abortJob, isSettled, type Job, releaseJob } from "./job.ts";

/**
 * The options of {@linkcode worker}.
 *
 * @category Durable queues
 */
export interface WorkerOptions {
  /** The number of jobs to do concurrently; 1 by default. */
  concurrency?: number | undefined;
  /** How long jobs may go on after the queue was shut down, in seconds; 30 by default. */
  grace?: Delay | undefined;
}

/**
 * Does the jobs of a queue, until the queue is shut down.
 *
 * A job is done when the function returns; what it returns is the result, if it is JSON and the store keeps results. If
 * the function throws, the job is put back for another attempt, or is dead after the last one. The function may end the
 * job itself, for instance by `job.retry()`; what it throws after that ends the worker. If the lease is lost, the
 * function is cancelled.
 *
 * After {@linkcode DurableQueue.shutdown}, running jobs have the time of `grace`. The rest is cancelled then,
 * as it is at once when the awaiting task is cancelled; such a job is back in the queue, without having used an attempt.
 *
 * @typeParam T The type of the values.
 * @param queue The queue.
 * @param fn The function that does a job.
 * @param options How many jobs to do at a time, and the time to finish them.
 * @returns A promise that resolves when the queue was shut down and no job is running.
 * @throws {RangeError} If an option is out of range.
 * @throws {StoreDown} If the store is down, and the queue does not wait.
 * @throws {TypeError} If an argument has the wrong type.
 *
 * @example Usage
 * ```ts
 * import { run } from "@asyncio/asyncio";
 * import { DurableQueue, MemoryStore, worker } from "@asyncio/asyncio/durable";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const queue = new DurableQueue<number>("squares", new MemoryStore());
 *   const ids = await queue.putMany([1, 2, 3]);
 *   await worker(queue, async (n, job) => {
 *     if (job.id === ids.at(-1)) await queue.shutdown();
 *     return n ** 2;
 *   });
 *   assertEquals(await queue.result(ids[2]!), 9);
 * });
 * ```
 *
 * @category Durable queues
 */
export async function worker<T>(
  queue: DurableQueue<T>,
  fn: (value: T, job: Job<T>) => unknown,
  options: WorkerOptions = {},
): Promise<void> {
  assertInstance(
    "The queue of worker()",
    "a DurableQueue",
    DurableQueue,
    queue,
  );
  assertFunction("The fn of worker()", fn);
  assertOptions("worker", options);
  const { concurrency = 1, grace = 30 } = options;
  assertInteger("The concurrency option of worker()", concurrency, 1);
  const patience = secondsOf("worker", "grace option", grace);
  if (!(patience >= 0)) {
    throw outOfRange(
      "The grace option of worker()",
      "a number of at least 0",
      grace,
    );
  }
  const shift: Shift<T> = {
    queue,
    fn,
    running: new Set(),
    isCancelled: false,
    pace: new Pace(concurrency),
    idle: 0,
    grow() {},
  };
  await cancelScope(async (scope) => {
    const { loop } = currentScheduler();
    const forget = onShutDown(queue as DurableQueue<unknown>, () => {
      scope.deadline ??= loop.time() + patience;
    });
    scope.signal.addEventListener("abort", () => {
      shift.isCancelled = true;
      // A job may await something that only its signal reaches.
      for (const job of shift.running) abortJob(job, scope.signal.reason);
    }, { once: true });
    try {
      await taskGroup((group) => {
        let tasks = 0;
        // As many again whenever all are busy: a large limit need not be reached.
        shift.grow = () => {
          const goal = Math.min(Math.max(1, 2 * tasks), concurrency);
          while (tasks < goal) {
            const name = `worker ${++tasks} of ${queue.name}`;
            shift.idle++;
            group.createTask(() => workOff(shift), { name });
          }
        };
        shift.grow();
      });
    } catch (error) {
      // All of them fail in the same way.
      throw isInstance(error, ExceptionGroup) ? error.exceptions[0] : error;
    } finally {
      forget();
      leaseAhead(queue as DurableQueue<unknown>, 0);
    }
  });
}

/** For how long, in seconds, short jobs are leased ahead, so that a call to the store serves many of them. */
const AHEAD = 0.02;
const MAX_AHEAD = 50;

/** How long jobs take of late. */
class Pace {
  readonly #concurrency: number;
  /** In seconds; at first, jobs count as long. */
  #average = AHEAD;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  add(seconds: number): void {
    this.#average += (seconds - this.#average) / 8;
  }

  /** The number of jobs that are done within the time for which jobs are leased ahead. */
  get ahead(): number {
    const jobs = Math.floor(AHEAD * this.#concurrency / this.#average) -
      this.#concurrency;
    return Math.max(0, Math.min(jobs, MAX_AHEAD));
  }
}

/** The state that the tasks of a worker share. */
interface Shift<T> {
  readonly queue: DurableQueue<T>;
  readonly fn: (value: T, job: Job<T>) => unknown;
  readonly running: Set<Job<unknown>>;
  /** Whether the worker ends before its jobs, whose attempts then do not count. */
  isCancelled: boolean;
  readonly pace: Pace;
  /** The number of tasks that wait for a job. */
  idle: number;
  /** Starts more tasks, up to the limit. */
  grow: () => void;
}

/** Does one job after the other. The next one is fetched while the store writes how the last one ended. */
async function workOff<T>(shift: Shift<T>): Promise<void> {
  const { queue, running } = shift;
  const task = currentTask();
  const name = task?.getName() ?? "";
  let next = queue.get();
  try {
    while (true) {
      const job = await next;
      if (--shift.idle === 0 && !shift.isCancelled) shift.grow();
      task?.setName(`${name}, job ${job.id}, attempt ${job.attempt}`);
      running.add(job);
      try {
        await perform(shift, job, () => next = queue.get());
      } finally {
        shift.idle++;
        running.delete(job);
        task?.setName(name);
      }
      // Whether or not the job has noticed.
      if (shift.isCancelled) throw new CancelledError();
    }
  } catch (error) {
    if (isInstance(error, QueueShutDown)) return;
    // The other tasks of the worker end with this one.
    shift.isCancelled = true;
    throw error;
  } finally {
    await shielded(() => leave(next));
  }
}

/** Ends a `get()` that nothing awaits any more. */
async function leave(next: Future<Job>): Promise<void> {
  next.cancel();
  try {
    await releaseJob(await next);
  } catch {
    // It was cancelled, or has failed, or its lease expires.
  }
}

async function perform<T>(
  shift: Shift<T>,
  job: Job<T>,
  onRun: () => void,
): Promise<void> {
  const scope = new CancelScope({ signal: job.signal });
  try {
    const scheduler = currentScheduler();
    let result;
    const start = scheduler.time();
    try {
      result = await scope.run(() => shift.fn(job.value, job));
    } finally {
      shift.pace.add(scheduler.time() - start);
      if (!shift.isCancelled) {
        leaseAhead(shift.queue as DurableQueue<unknown>, shift.pace.ahead);
        onRun();
      }
    }
    if (scope.caught || isSettled(job)) return;
    await job.done(resultOf(shift.queue, result));
  } catch (error) {
    if (isInstance(error, LeaseLost) || shift.isCancelled) return;
    if (isSettled(job)) throw error;
    await retry(job, error);
  } finally {
    if (shift.isCancelled && !isSettled(job)) {
      await shielded(() => giveBack(job));
    }
    // Ends the job if nothing else has.
    await job[Symbol.asyncDispose]();
  }
}

async function retry(job: Job<unknown>, reason: unknown): Promise<void> {
  try {
    await job.retry({ reason });
  } catch (error) {
    if (!isInstance(error, LeaseLost)) throw error;
  }
}

async function giveBack(job: Job<unknown>): Promise<void> {
  try {
    await releaseJob(job);
  } catch {
    // Then the lease expires, or has.
  }
}

/** Returns what is kept of what a job returned. That it cannot be kept must not let the job be done again. */
function resultOf<T>(queue: DurableQueue<T>, result: unknown): unknown {
  if (result === undefined || !keepsResults(queue as DurableQueue<unknown>)) {
    return undefined;
  }
  try {
    jsonOf("The result of a job", result);
    return result;
  } catch (exception) {
    currentScheduler().report({
      message: `A result of the durable queue ${queue.name} is not kept`,
      exception,
    });
    return undefined;
  }
}
