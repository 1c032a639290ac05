// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertMethods } from "../../loop/core/validate.ts";

/**
 * What a store answers: a value, or a promise of it.
 *
 * @typeParam T The type of the value.
 *
 * @category Durable queues
 */
export type Answer<T> = T | PromiseLike<T>;

/**
 * What a {@linkcode Store} guarantees beyond putting and leasing. Anything else is refused.
 *
 * @category Durable queues
 */
export interface Guarantees {
  /** A settlement or a renewal is refused once another lease of the job has begun. */
  readonly fencing: boolean;
  /** A job may be put or put back with a delay. */
  readonly delays: boolean;
  /** A key that is in use refers to the job that was put with it, so that a repeated put is one job. */
  readonly keys: boolean;
  /** The result of a job is kept for a time. */
  readonly results: boolean;
  /** A put may be part of a transaction of user code. */
  readonly transactions: boolean;
  /**
   * The store keeps a record of each job of its own: the errors of its attempts, of which a release uses none, the time
   * for which its key is in use, and whether it is delayed or leased.
   */
  readonly records?: boolean;
}

/**
 * A job to put.
 *
 * @category Durable queues
 */
export interface NewJob {
  /** A new id, which is unique and sorts in the order of creation. A put of an id that is known changes nothing. */
  readonly id: string;
  /** The value, as JSON. */
  readonly value: string;
  /** The key, or `null`. */
  readonly key: string | null;
  /** How long the key is in use, in seconds. */
  readonly keepKey: number;
  /** The number of seconds before the job is ready. */
  readonly delay: number;
}

/**
 * What went wrong in one attempt at a job.
 *
 * @category Durable queues
 */
export interface JobError {
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** When it failed, in milliseconds since 1970. */
  readonly time: number;
  /** The reason: the text of an error, or of what else was given. */
  readonly reason: string;
}

/**
 * Names a lease in {@linkcode Store.renew} and {@linkcode Store.settle}.
 *
 * @category Durable queues
 */
export interface LeaseToken {
  /** The id of the job. */
  readonly id: string;
  /** A text that no other lease of the job has. */
  readonly token: string;
}

/**
 * A job that was leased.
 *
 * @category Durable queues
 */
export interface Lease extends LeaseToken {
  /** The value, as JSON. */
  readonly value: string;
  /** The key with which the job was put, or `null`. */
  readonly key: string | null;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** The errors of the attempts before, as far as they are known. */
  readonly errors: readonly JobError[];
}

/**
 * The answer of {@linkcode Store.lease}.
 *
 * @category Durable queues
 */
export interface Leases {
  /** The leases, in the order of the jobs. */
  readonly leases: readonly Lease[];
  /** In how many seconds the next job is ready or free again, if there is no lease; `null` if that is not known. */
  readonly next: number | null;
}

/**
 * How a lease ends.
 *
 * - `"done"`: the job is done; its result, as JSON, is kept for `keep` seconds, unless it is `null`.
 * - `"retry"`: the job is ready again after `delay` seconds.
 * - `"release"`: the job is back in its place as if it had not been leased; the attempt does not count.
 * - `"dead"`: the job is a dead letter.
 *
 * @category Durable queues
 */
export type JobOutcome =
  | {
    readonly kind: "done";
    readonly result: string | null;
    readonly keep: number;
  }
  | { readonly kind: "retry"; readonly delay: number; readonly error: JobError }
  | { readonly kind: "release" }
  | { readonly kind: "dead"; readonly error: JobError };

/**
 * The end of a lease.
 *
 * @category Durable queues
 */
export interface Settlement extends LeaseToken {
  /** How it ends. */
  readonly outcome: JobOutcome;
}

/**
 * The numbers of the jobs in a queue.
 *
 * @category Durable queues
 */
export interface Counts {
  /** The number of jobs that can be leased now. */
  readonly ready: number;
  /** The number of jobs that are ready later. */
  readonly delayed: number;
  /** The number of jobs that are leased. */
  readonly leased: number;
  /** The number of dead letters. */
  readonly dead: number;
}

/**
 * The state of a queue, for people.
 *
 * @category Durable queues
 */
export interface QueueState extends Counts {
  /** The name of the queue. */
  readonly name: string;
  /** The age of the oldest job that is ready or leased, in seconds; `null` if there is none or it is not known. */
  readonly oldest: number | null;
  /** The jobs done per second in the last minute; `null` if it is not known. */
  readonly rate: number | null;
}

/**
 * A dead letter.
 *
 * @category Durable queues
 */
export interface DeadLetter {
  /** The id of the job. */
  readonly id: string;
  /** The value, as JSON. */
  readonly value: string;
  /** The key with which the job was put, or `null`. */
  readonly key: string | null;
  /** The number of attempts. */
  readonly attempts: number;
  /** The errors of the attempts. */
  readonly errors: readonly JobError[];
}

/**
 * A result that is kept.
 *
 * @category Durable queues
 */
export interface StoredResult {
  /** The result, as JSON; `null` if the job is done without one. */
  readonly result: string | null;
}

/**
 * Where a {@linkcode DurableQueue} keeps its jobs.
 *
 * A store may be used by any number of queues, programs and machines at the same time, each of which may end at any
 * moment. A method answers after the write, so that a crash of the program does not undo it. A method rejects with a
 * {@linkcode StoreDown} if the store cannot be reached, in which case the call may or may not have had its effect;
 * the call is then repeated, with the same arguments. A method never waits for a job.
 *
 * `checkStore()` of `/testing` checks that a store keeps all of this.
 *
 * @category Durable queues
 */
export interface Store {
  /** The guarantees of the store. */
  readonly guarantees: Guarantees;

  /** The longest time, in seconds, after which to look again, as {@linkcode Store.watch} may miss a change. */
  readonly poll: number;

  /**
   * Puts jobs. The keys among them are all different.
   *
   * @param queue The name of the queue.
   * @param jobs The jobs.
   * @param within The transaction of user code that the put is part of, if any.
   * @returns The id of each job: that of the job that has its key, if the key is in use.
   */
  put(
    queue: string,
    jobs: readonly NewJob[],
    within?: unknown,
  ): Answer<readonly string[]>;

  /**
   * Leases jobs that are ready, or whose lease has expired, the longest ready first. No two calls get the same job.
   *
   * @param queue The name of the queue.
   * @param count The largest number of jobs.
   * @param seconds The length of the leases.
   * @returns The leases.
   */
  lease(queue: string, count: number, seconds: number): Answer<Leases>;

  /**
   * Renews leases.
   *
   * @param queue The name of the queue.
   * @param leases The leases.
   * @param seconds Their length from now on.
   * @returns For each lease, whether it was still held. One that has expired cannot be renewed.
   */
  renew(
    queue: string,
    leases: readonly LeaseToken[],
    seconds: number,
  ): Answer<readonly boolean[]>;

  /**
   * Ends leases. Repeating a settlement changes nothing and gives the same answer, until the job is leased again or
   * its result expires.
   *
   * @param queue The name of the queue.
   * @param settlements The leases and how they end.
   * @returns For each lease, whether it was still held. One that has expired is, until another one of the job begins.
   */
  settle(
    queue: string,
    settlements: readonly Settlement[],
  ): Answer<readonly boolean[]>;

  /**
   * Counts jobs. A job whose lease has expired is ready.
   *
   * @param queue The name of the queue.
   * @returns The numbers.
   */
  counts(queue: string): Answer<Counts>;

  /**
   * Returns the result of a job.
   *
   * @param queue The name of the queue.
   * @param id The id of the job.
   * @returns The result; `null` if the job is not done, or no longer known.
   */
  result(queue: string, id: string): Answer<StoredResult | null>;

  /**
   * Lists dead letters in the order of their ids.
   *
   * @param queue The name of the queue.
   * @param after The id after which to begin, or `null`.
   * @param count The largest number.
   * @returns The dead letters; fewer than `count` only at the end.
   */
  dead(
    queue: string,
    after: string | null,
    count: number,
  ): Answer<readonly DeadLetter[]>;

  /**
   * Puts a dead letter back: it is ready, as if it had just been put: without attempts and errors.
   *
   * @param queue The name of the queue.
   * @param id The id of the job.
   * @returns Whether there is such a dead letter.
   */
  putBack(queue: string, id: string): Answer<boolean>;

  /**
   * Lists the queues that hold jobs.
   *
   * @returns The queues, by name.
   */
  queues(): Answer<readonly QueueState[]>;

  /**
   * Calls a function whenever a job may have become ready or a lease may have ended, until the watch is disposed of.
   *
   * @param queue The name of the queue.
   * @param changed The function. It does not throw.
   * @returns The watch.
   */
  watch?(queue: string, changed: () => void): Disposable;
}

/** Throws unless a value has the methods of a store. */
export function assertStore(what: string, value: unknown): void {
  assertMethods(
    what,
    "a Store",
    value,
    ...["put", "lease", "renew", "settle", "counts"],
    ...["result", "dead", "putBack", "queues"],
  );
}
