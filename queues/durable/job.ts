// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../loop/core/cancelled_error.ts";
import {
  assertOptions,
  type Delay,
  secondsOf,
} from "../../loop/core/validate.ts";
import { RuntimeError } from "../../loop/core/errors.ts";
import type { Future } from "../../loop/core/future.ts";
import { inspectAsText } from "../../loop/core/inspection.ts";
import { isInstance, textOf } from "../../loop/core/unknown_value.ts";
import { moveOnAfter } from "../../tasks/cancel_scope.ts";
import { jsonOf } from "./_json.ts";
import { LeaseLost } from "./errors.ts";
import type { Guarantees, JobError, JobOutcome, Lease } from "./store.ts";

/**
 * The options of {@linkcode Job.retry}.
 *
 * @category Durable queues
 */
export interface RetryJobOptions {
  /** The delay before the next attempt, in seconds; by default that of the queue. */
  after?: Delay | undefined;
  /** Why: an error, or anything else. It is listed with the dead letter, should the job become one. */
  reason?: unknown;
}

/** The part of a queue that its jobs use. */
export interface JobHolder {
  /** The largest number of attempts. */
  readonly attempts: number;
  /** Returns the delay, in seconds, after a failed attempt. */
  delayAfter(attempt: number, error: unknown): number;
  /** Throws if the store does not guarantee what a call needs. */
  assertGuaranteed(guarantee: keyof Guarantees, what: string): void;
  /** How long results are kept, in seconds. */
  readonly keepResults: number;
  /** The time that is left of the lease of a job, in seconds, as far as it is known. */
  remaining(job: Job<unknown>): number;
  /** Ends the lease; the future tells whether it was still held. */
  settle(job: Job<unknown>, outcome: JobOutcome): Future<boolean>;
  /** Called once the lease has ended. */
  forget(job: Job<unknown>): void;
}

/** Creates a job. */
export let makeJob: <T>(holder: JobHolder, lease: Lease, value: T) => Job<T>;
/** Aborts the signal of a job. */
export let abortJob: (job: Job<unknown>, reason: unknown) => void;
/** Puts a job back as if it had not been got. */
export let releaseJob: (job: Job<unknown>) => Promise<void>;
/** Returns the lease of a job. */
export let leaseOf: (job: Job<unknown>) => Lease;
/** Whether a call has said how the job ends. */
export let isSettled: (job: Job<unknown>) => boolean;

/** The state of a job after each outcome, in messages. */
const CALLED = {
  done: "done",
  retry: "put back",
  release: "put back",
  dead: "dead",
} as const satisfies Record<JobOutcome["kind"], string>;

/**
 * A job that was got from a {@linkcode DurableQueue}: a value, and a lease on it.
 *
 * The lease is renewed in the background until the job ends by one of {@linkcode Job.done}, {@linkcode Job.retry} and
 * {@linkcode Job.dead}. If a job that is declared by `await using` ends by none of them, it is ready again at once.
 * Repeating the same call is harmless, for instance after an error of the connection; calling another one is an error.
 *
 * @typeParam T The type of the value.
 *
 * @example Usage
 * ```ts
 * import { DurableQueue, MemoryStore } from "@asyncio/asyncio/durable";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new DurableQueue<number>("squares", new MemoryStore());
 * const id = await queue.put(3);
 * {
 *   await using job = await queue.get();
 *   await job.done(job.value ** 2);
 * }
 * assertEquals(await queue.result(id), 9);
 * ```
 *
 * @category Durable queues
 */
export class Job<T = unknown> implements AsyncDisposable {
  /** The id of the job, which is the same in each attempt: an idempotency key for what the job calls. */
  readonly id: string;
  /** The value that was put. */
  readonly value: T;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** The key with which the job was put, or `null`. */
  readonly key: string | null;
  readonly #holder: JobHolder;
  readonly #lease: Lease;
  #outcome: JobOutcome | null = null;
  /** Whether the lease was still held, once that is known. */
  #isHeld: boolean | null = null;
  #controller: AbortController | null = null;
  #abortReason: unknown = undefined;

  static {
    makeJob = (holder, lease, value) => new Job(holder, lease, value);
    abortJob = (job, reason) => {
      job.#abortReason ??= reason;
      job.#controller?.abort(reason);
    };
    releaseJob = (job) => job.#end({ kind: "release" });
    leaseOf = (job) => job.#lease;
    isSettled = (job) => job.#outcome !== null;
    inspectAsText(this);
  }

  private constructor(holder: JobHolder, lease: Lease, value: T) {
    this.id = lease.id;
    this.value = value;
    this.attempt = lease.attempt;
    this.key = lease.key;
    this.#holder = holder;
    this.#lease = lease;
  }

  /**
   * A signal that aborts when the lease can no longer be kept: when it is lost, or is about to be as the store is down.
   * Its reason is a {@linkcode LeaseLost}. In a `worker()`, it also aborts when the worker is cancelled.
   */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) {
        this.#controller.abort(this.#abortReason);
      }
    }
    return this.#controller.signal;
  }

  /**
   * Ends the job as done.
   *
   * Cancelled while the store answers, the job may be done or not; `await using` makes sure of it.
   *
   * @param result The result, which is JSON and is kept for as long as the queue says; nothing is kept by default.
   * @returns A promise that resolves once the store has written it.
   * @throws {LeaseLost} If the lease is lost: another worker has the job, or has done it.
   * @throws {RuntimeError} If the job was put back, or is dead.
   * @throws {StoreDown} If the store is down, and the queue does not wait. The call can be repeated.
   * @throws {TypeError} If the result is not JSON.
   */
  async done(result?: unknown): Promise<void> {
    const holder = this.#holder;
    if (result !== undefined) {
      holder.assertGuaranteed("results", "done() with a result");
    }
    await this.#end({
      kind: "done",
      result: result === undefined
        ? null
        : jsonOf("The result of done()", result),
      keep: holder.keepResults,
    });
  }

  /**
   * Puts the job back for another attempt. If this was the last one, the job is dead.
   *
   * @param options The delay before the next attempt, and the reason.
   * @returns A promise that resolves once the store has written it.
   * @throws {LeaseLost} If the lease is lost: another worker has the job, or has done it.
   * @throws {RuntimeError} If the job is done, or dead.
   * @throws {StoreDown} If the store is down, and the queue does not wait. The call can be repeated.
   * @throws {TypeError} If the delay is not a duration.
   */
  async retry(options: RetryJobOptions = {}): Promise<void> {
    assertOptions("retry", options);
    const { after, reason } = options;
    const delay = after === undefined
      ? this.#holder.delayAfter(this.attempt, reason)
      : secondsOf("retry", "after option", after);
    if (after !== undefined && delay > 0) {
      this.#holder.assertGuaranteed("delays", "retry() with a delay");
    }
    const error = this.#errorOf(reason ?? "retry() was called");
    await this.#end(
      this.attempt >= this.#holder.attempts
        ? { kind: "dead", error }
        : { kind: "retry", delay, error },
    );
  }

  /**
   * Ends the job as a dead letter, which can be listed and put back: no further attempt makes sense.
   *
   * Cancelled while the store answers, the job may be dead or not, as with {@linkcode Job.done}.
   *
   * @param reason Why: an error, or anything else.
   * @returns A promise that resolves once the store has written it.
   * @throws {LeaseLost} If the lease is lost: another worker has the job, or has done it.
   * @throws {RuntimeError} If the job is done, or was put back.
   * @throws {StoreDown} If the store is down, and the queue does not wait. The call can be repeated.
   */
  async dead(reason: unknown): Promise<void> {
    await this.#end({ kind: "dead", error: this.#errorOf(reason) });
  }

  /**
   * Ends the job if nothing else has: it is ready again at once, and the attempt counts. Never throws; a store that is
   * down is waited for no longer than the lease lasts.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isHeld !== null) return;
    const settled = () =>
      this.#outcome === null
        ? this.retry({ after: 0, reason: "the job was left without an end" })
        : this.#end(this.#outcome);
    const remaining = Math.max(0, this.#holder.remaining(this));
    try {
      await moveOnAfter(remaining, settled);
    } catch (error) {
      // Otherwise the lease expires, and the job is ready again.
      if (isInstance(error, CancelledError)) throw error;
    } finally {
      this.#holder.forget(this);
    }
  }

  /**
   * Returns a description for logs and error messages: `<Job 0192… attempt=1>`.
   *
   * @returns The description.
   */
  toString(): string {
    return `<Job ${this.id} attempt=${this.attempt}>`;
  }

  async #end(outcome: JobOutcome): Promise<void> {
    const before = this.#outcome;
    if (before !== null && CALLED[before.kind] !== CALLED[outcome.kind]) {
      throw new RuntimeError(
        `Cannot end the job ${this.id} as ${CALLED[outcome.kind]} as it is ${
          CALLED[before.kind]
        } already`,
      );
    }
    // A repeated call settles as the first one did.
    this.#outcome ??= outcome;
    this.#isHeld ??= await this.#holder.settle(this, this.#outcome);
    this.#holder.forget(this);
    if (!this.#isHeld) throw leaseLost(this);
  }

  #errorOf(reason: unknown): JobError {
    return {
      attempt: this.attempt,
      time: Date.now(),
      reason: reasonOf(reason),
    };
  }
}

/** Creates the error for a lease that is lost. */
export function leaseLost(job: Job<unknown>): LeaseLost {
  return new LeaseLost(
    `The lease of the job ${job.id} is lost: it expired, and another worker may have the job`,
  );
}

function reasonOf(reason: unknown): string {
  if (typeof reason === "string") return reason;
  if (!isInstance(reason, Error)) {
    try {
      return jsonOf("The reason", reason);
    } catch {
      return textOf(reason);
    }
  }
  return textOf(reason);
}
