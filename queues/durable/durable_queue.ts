// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertCount,
  assertFunction,
  assertIterable,
  assertOneOf,
  assertOptions,
  assertString,
  type Delay,
  outOfRange,
  secondsOf,
} from "../../loop/core/validate.ts";
import {
  fulfil,
  fulfilled,
  type Future,
  markRetrieved,
  observe,
  pending,
} from "../../loop/core/future.ts";
import { callInline } from "../../loop/core/inline_call.ts";
import { inspectAsText } from "../../loop/core/inspection.ts";
import { failed } from "../../loop/core/primitive_future.ts";
import { errors } from "../../loop/core/runtime.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import { propertyOf, textAt } from "../../loop/core/unknown_value.ts";
import { backoff } from "../../tasks/retry.ts";
import { QueueEmpty, QueueShutDown } from "../errors.ts";
import { Batch, grouped } from "./_batch.ts";
import { Connection } from "./_connection.ts";
import { Holdings } from "./_holdings.ts";
import { Intake, type IntakeOwner, queueShutDown } from "./_intake.ts";
import { newJobId } from "./job_id.ts";
import { jsonOf } from "./_json.ts";
import {
  type Job,
  type JobHolder,
  leaseOf,
  makeJob,
  releaseJob,
} from "./job.ts";
import {
  type Answer,
  assertStore,
  type Counts,
  type DeadLetter,
  type Guarantees,
  type JobError,
  type JobOutcome,
  type Lease,
  type Leases,
  type NewJob,
  type Settlement,
  type Store,
} from "./store.ts";

/**
 * The options of a {@linkcode DurableQueue}.
 *
 * @category Durable queues
 */
export interface DurableQueueOptions {
  /**
   * The length of a lease, in seconds; 30 by default. It is renewed while a job is being done, so it need not be as long
   * as that: it says how soon the job of a worker that was killed is done again, and how long a program may be paused.
   */
  lease?: Delay | undefined;
  /** The largest number of attempts at a job, after which it is dead; 5 by default. */
  attempts?: number | undefined;
  /** The delay, in seconds, after a failed attempt, or a function that returns it; `backoff()` by default. */
  delay?: Delay | ((attempt: number, error: unknown) => Delay) | undefined;
  /** How long a key stays in use after it was put, in seconds; a day by default. */
  keepKeys?: Delay | undefined;
  /** How long a result is kept, in seconds; an hour by default. */
  keepResults?: Delay | undefined;
  /** Whether calls wait while the store is down, the default, or throw a {@linkcode StoreDown}. */
  whenDown?: "wait" | "throw" | undefined;
}

/**
 * The options of {@linkcode DurableQueue.put}.
 *
 * @category Durable queues
 */
export interface PutOptions {
  /** Jobs that are put with the same key are one job, for as long as {@linkcode DurableQueueOptions.keepKeys} says. */
  key?: string | null | undefined;
  /** The delay, in seconds, before the job is ready. */
  delay?: Delay | undefined;
  /** The transaction of the store that the put is part of; for PostgreSQL the function that queries within it. */
  within?: unknown;
}

/**
 * The options of {@linkcode DurableQueue.putMany}.
 *
 * @category Durable queues
 */
export interface PutManyOptions<T> {
  /** Returns the key of each value. */
  key?: ((value: T, index: number) => string) | undefined;
  /** The delay, in seconds, before the jobs are ready. */
  delay?: Delay | undefined;
  /** The transaction of the store that the put is part of, as for {@linkcode DurableQueue.put}. */
  within?: unknown;
}

/**
 * A dead letter: a job that will not be attempted again, unless it is put back.
 *
 * @category Durable queues
 */
export interface DeadJob<T> {
  /** The id of the job. */
  readonly id: string;
  /** The value that was put. */
  readonly value: T;
  /** The key with which it was put, or `null`. */
  readonly key: string | null;
  /** The number of attempts. */
  readonly attempts: number;
  /** The errors of the attempts; none of one whose worker was killed. */
  readonly errors: readonly JobError[];
}

/** Registers a function to be called when a queue is shut down; returns the function that undoes it. */
export let onShutDown: (
  queue: DurableQueue<unknown>,
  callback: () => void,
) => () => void;
/** Sets how many jobs a queue leases beyond those that are waited for, if its store can take them back without a trace. */
export let leaseAhead: (queue: DurableQueue<unknown>, count: number) => void;
/** Whether the store of a queue keeps results. */
export let keepsResults: (queue: DurableQueue<unknown>) => boolean;

/** The number of dead letters that are read at once. */
const DEAD_PAGE = 100;
/** How often, in seconds, `join()` looks whether other programs have done the rest, where nothing tells. */
const JOIN_POLL = 1;
const DAY = 86_400;

/**
 * A queue whose jobs survive the program, and which several processes or machines can share. It is a name in a
 * {@linkcode Store}; every object of that name is a handle to the same queue.
 *
 * A job is done **at least once**: {@linkcode DurableQueue.get} takes a lease on it, which is renewed in the background
 * until {@linkcode Job.done}. If the worker is killed in the meantime, the lease expires and the job is ready again. What
 * a job does should therefore be idempotent, by {@linkcode Job.id}. One worker gets jobs in FIFO order, those that are
 * attempted again or were delayed after those that were ready before them.
 *
 * A handle can be used in one event loop at a time.
 *
 * @typeParam T The type of the values, which are JSON.
 *
 * @example A worker
 * ```ts
 * import { DurableQueue, MemoryStore } from "@asyncio/asyncio/durable";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new DurableQueue<{ to: string }>("mail", new MemoryStore());
 * await queue.put({ to: "guido@example.org" }, { key: "order 17" });
 * await queue.put({ to: "guido@example.org" }, { key: "order 17" }); // the same job
 *
 * const sent: string[] = [];
 * for await (const job of queue) {
 *   await using _ = job; // left without done(): back at once
 *   sent.push(job.value.to);
 *   await job.done();
 *   await queue.shutdown();
 * }
 * assertEquals(sent, ["guido@example.org"]);
 * ```
 *
 * @category Durable queues
 */
export class DurableQueue<T = unknown>
  implements AsyncIterable<Job<T>, undefined>, AsyncDisposable {
  /** The name of the queue in its store. */
  readonly name: string;
  readonly #connection: Connection;
  readonly #holder: Holder<T>;
  readonly #puts: Batch<NewJob, string>;
  readonly #intake: Intake<T>;
  readonly #shutDownCallbacks = new Set<() => void>();

  static {
    onShutDown = (queue, callback) => {
      queue.#shutDownCallbacks.add(callback);
      if (queue.#intake.isShutDown) callback();
      return () => queue.#shutDownCallbacks.delete(callback);
    };
    leaseAhead = (queue, count) => {
      if (queue.#guarantees.records) queue.#intake.leaseAhead(count);
    };
    keepsResults = (queue) => queue.#guarantees.results;
    inspectAsText(this);
  }

  /**
   * Constructs a new instance.
   *
   * @param name The name of the queue.
   * @param store The store.
   * @param options How jobs are leased, attempted and kept.
   * @throws {RangeError} If an option is out of range, or the name is empty or has characters that no store can keep.
   * @throws {TypeError} If an argument has the wrong type.
   */
  constructor(name: string, store: Store, options: DurableQueueOptions = {}) {
    assertText("The name of a DurableQueue", name);
    assertStore("The store of a DurableQueue", store);
    const settings = settingsOf(options);
    this.name = name;
    const connection = new Connection(store, name, settings.waitsWhenDown);
    this.#connection = connection;
    this.#holder = new Holder<T>(connection, settings);
    this.#puts = new Batch<NewJob, string>(
      connection,
      (jobs) => store.put(name, jobs),
      ({ id, key }) => key ?? { id },
    );
    this.#intake = new Intake<T>(this.#holder, connection);
  }

  /**
   * Puts a value into the queue. Once the future is done, the store has written it.
   *
   * The puts of many tasks at once share one transaction. Cancelled before the store answers, the value may have been
   * put or not; repeated with the same key it is one job in any case.
   *
   * @param value The value, which is JSON: plain objects, arrays, strings, finite numbers, booleans and `null`.
   * @param options A key, a delay, and a transaction.
   * @returns A future of the id of the job.
   * @throws {Deno.errors.NotSupported} If the store does not guarantee what an option needs.
   * @throws {QueueShutDown} At the `await`, if the queue is shut down.
   * @throws {StoreDown} At the `await`, if the store is down, and the queue does not wait.
   * @throws {TypeError} If the value is not JSON, or an option has the wrong type.
   */
  put(value: T, options: PutOptions = {}): Future<string> {
    assertOptions("put", options);
    const { key = null, within } = options;
    this.#assertPossible("put", { ...options, key });
    const delay = delayOf("put", options.delay);
    const job = this.#newJob("put", value, key, delay);
    const scheduler = this.#connection.enter();
    if (this.#intake.isShutDown) return failed(scheduler, cannotPut());
    if (within === undefined) return this.#puts.add(scheduler, job);
    return this.#call(
      "put",
      async () => (await this.#putWithin([job], within))[0]!,
    );
  }

  /**
   * Puts values into the queue in one transaction of the store: all of them, or none.
   *
   * @param values The values, which are JSON.
   * @param options The key of each value, a delay, and a transaction.
   * @returns A future of the ids of the jobs, in the order of the values.
   * @throws {Deno.errors.NotSupported} If the store does not guarantee what an option needs.
   * @throws {QueueShutDown} At the `await`, if the queue is shut down.
   * @throws {StoreDown} At the `await`, if the store is down, and the queue does not wait.
   * @throws {TypeError} If a value is not JSON, or an option has the wrong type.
   */
  putMany(
    values: Iterable<T>,
    options: PutManyOptions<T> = {},
  ): Future<string[]> {
    assertIterable("The values of putMany()", "an iterable", values);
    assertOptions("putMany", options);
    const { key: keyOf, within } = options;
    if (keyOf !== undefined) {
      assertFunction("The key option of putMany()", keyOf);
    }
    this.#assertPossible("putMany", options);
    const delay = delayOf("putMany", options.delay);
    const jobs = Array.from(
      values,
      (value, index) =>
        this.#newJob("putMany", value, keyOf?.(value, index) ?? null, delay),
    );
    const scheduler = this.#connection.enter();
    if (this.#intake.isShutDown) return failed(scheduler, cannotPut());
    if (jobs.length === 0) return fulfilled(scheduler, []);
    return this.#call("putMany", () => this.#putWithin(jobs, within));
  }

  /**
   * Takes a lease on the next job, and waits for one while none is ready.
   *
   * Cancel safe: if the awaiting task is cancelled, the job is not taken, or is back in its place at once. It does not
   * wait for that; {@linkcode DurableQueue.shutdown} does.
   *
   * @returns A future of the job.
   * @throws {QueueShutDown} If the queue is shut down, also while waiting.
   * @throws {RuntimeError} If the queue is in use in another event loop.
   * @throws {StoreDown} If the store is down, and the queue does not wait.
   */
  get(): Future<Job<T>> {
    const scheduler = this.#connection.enter();
    if (this.#intake.isShutDown) return failed(scheduler, queueShutDown());
    return this.#intake.get(scheduler);
  }

  /**
   * Takes a lease on the next job, without waiting for one.
   *
   * Cancel safe: a job that comes too late is back in its place at once, as with {@linkcode DurableQueue.get}.
   *
   * @returns A future of the job.
   * @throws {QueueEmpty} If no job is ready.
   * @throws {QueueShutDown} If the queue is shut down.
   * @throws {StoreDown} If the store is down, and the queue does not wait.
   */
  getNowait(): Future<Job<T>> {
    const scheduler = this.#connection.enter();
    if (this.#intake.isShutDown) return failed(scheduler, queueShutDown());
    return this.#call("getNowait", () => this.#getNowait(scheduler));
  }

  /**
   * Counts the jobs in the queue. Other programs may have changed the numbers by the time they arrive.
   *
   * Cancel safe: it only reads.
   *
   * @returns A future of the numbers of jobs that are ready, delayed, leased and dead.
   */
  counts(): Future<Counts> {
    const { store } = this.#connection;
    return this.#ask("counts", () => store.counts(this.name));
  }

  /**
   * Returns the result of a job, for as long as it is kept.
   *
   * Cancel safe: it only reads.
   *
   * @param id The id of the job.
   * @returns A future of the result; of `undefined` if the job is not done, has no result, or is no longer known.
   * @throws {Deno.errors.NotSupported} If the store does not keep results.
   * @throws {TypeError} If the id is not a string.
   */
  result(id: string): Future<unknown> {
    assertString("The id of result()", id);
    this.#assertGuaranteed("results", "result()");
    const { store } = this.#connection;
    return this.#call("result", async () => {
      const stored = await this.#connection.insist(() =>
        store.result(this.name, id)
      );
      const result = stored?.result ?? null;
      return result === null ? undefined : JSON.parse(result);
    });
  }

  /**
   * Iterates over the dead letters, in the order in which they were put.
   *
   * @returns An iterator.
   *
   * @example Usage
   * ```ts
   * import { DurableQueue, MemoryStore } from "@asyncio/asyncio/durable";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new DurableQueue<string>("mail", new MemoryStore());
   * await queue.put("hello");
   * const job = await queue.get();
   * await job.dead("no such address");
   * for await (const { id, errors } of queue.dead()) {
   *   assertEquals(errors[0]?.reason, "no such address");
   *   await queue.putBack(id);
   * }
   * assertEquals((await queue.counts()).ready, 1);
   * ```
   */
  async *dead(): AsyncIterableIterator<DeadJob<T>> {
    const { store } = this.#connection;
    let after: string | null = null;
    while (true) {
      const letters: readonly DeadLetter[] = await this.#ask(
        "dead",
        () => store.dead(this.name, after, DEAD_PAGE),
      );
      for (const letter of letters) {
        yield { ...letter, value: JSON.parse(letter.value) as T };
      }
      if (letters.length < DEAD_PAGE) return;
      after = letters.at(-1)!.id;
    }
  }

  /**
   * Makes a dead letter ready again, with all its attempts.
   *
   * Cancelled before the store answers, the job may be ready again or still be dead.
   *
   * @param id The id of the job.
   * @returns A future that completes once the store has written it.
   * @throws {RangeError} If no dead letter has the id.
   * @throws {TypeError} If the id is not a string.
   */
  putBack(id: string): Future<void> {
    assertString("The id of putBack()", id);
    const { store } = this.#connection;
    return this.#call("putBack", async () => {
      const isBack = await this.#connection.insist(() =>
        store.putBack(this.name, id)
      );
      if (!isBack) {
        throw outOfRange("The id of putBack()", "that of a dead letter", id);
      }
    });
  }

  /**
   * Waits until no job is ready, delayed or leased, by whatever program. Dead letters do not count.
   *
   * Cancel safe: nothing is lost.
   *
   * @returns A future that completes when all jobs are done or dead.
   */
  join(): Future<void> {
    const scheduler = this.#connection.enter();
    return this.#call("join", () => this.#join(scheduler));
  }

  /**
   * Shuts this handle down, and no other: `put()` and `get()` throw a `QueueShutDown` from now on, also a `get()` that
   * is waiting, and iteration ends. Jobs that were got can still be ended, and their leases are renewed until then.
   *
   * Cancelling only ends the waiting: the handle is shut down.
   *
   * @returns A future that completes when puts that were under way are written, and jobs that came for nothing are back.
   */
  shutdown(): Future<void> {
    this.#intake.shutDown();
    for (const callback of [...this.#shutDownCallbacks]) callback();
    return this.#call("shutdown", () => this.#connection.settled());
  }

  /** Shuts this handle down, as {@linkcode DurableQueue.shutdown} does. */
  [Symbol.asyncDispose](): Future<void> {
    return this.shutdown();
  }

  /**
   * Iterates over the jobs, as {@linkcode DurableQueue.get} gives them, until this handle is shut down. Each job must be
   * ended by the body: with `await using`, one that is left is ready again.
   *
   * @returns An iterator.
   */
  [Symbol.asyncIterator](): AsyncIterator<Job<T>, undefined> {
    return { next: () => this.#call("get", () => this.#next()) };
  }

  /**
   * Returns a description for logs and error messages: `<DurableQueue mail jobs=2>`, with the number of jobs that this
   * handle has got and that have not ended.
   *
   * @returns The description.
   */
  toString(): string {
    const { name } = this;
    return `<DurableQueue ${name} jobs=${this.#holder.holdings.size}>`;
  }

  get #guarantees(): Guarantees {
    return this.#connection.store.guarantees;
  }

  #call<R>(method: string, fn: () => Promise<R>): Future<R> {
    return callInline(this.#connection.enter(), `DurableQueue.${method}()`, fn);
  }

  #ask<R>(
    method: string,
    call: () => Answer<R>,
  ): Future<R> {
    return this.#call(method, () => this.#connection.insist(call));
  }

  #newJob(
    caller: string,
    value: T,
    key: string | null,
    delay: number,
  ): NewJob {
    if (key !== null) assertText(`The key of ${caller}()`, key);
    return {
      id: newJobId(),
      value: jsonOf(`The value of ${caller}()`, value),
      key,
      keepKey: this.#holder.settings.keepKeys,
      delay,
    };
  }

  async #putWithin(
    jobs: readonly NewJob[],
    within: unknown,
  ): Promise<string[]> {
    const { store } = this.#connection;
    const groups = grouped(jobs, ({ id, key }) => key ?? { id });
    const put = () =>
      store.put(this.name, groups.map(([first]) => first!), within);
    // A transaction that has failed cannot be continued.
    const ids = within === undefined
      ? await this.#connection.insist(put)
      : await this.#connection.ask(put);
    const idOf = new Map<NewJob, string>();
    for (const [i, group] of groups.entries()) {
      for (const job of group) idOf.set(job, ids[i]!);
    }
    return jobs.map((job) => idOf.get(job)!);
  }

  async #getNowait(scheduler: Scheduler): Promise<Job<T>> {
    const { store } = this.#connection;
    while (true) {
      let asked = 0;
      const { leases } = await this.#connection.insist<Leases>(() => {
        asked = scheduler.time();
        return store.lease(this.name, 1, this.#holder.lease);
      }, { onLate: (late) => this.#holder.releaseLate(late.leases) });
      const [lease] = leases;
      if (lease === undefined) {
        throw new QueueEmpty(
          "Cannot get from the durable queue as no job is ready",
        );
      }
      const job = this.#holder.accept(lease, asked);
      if (job !== null) return job;
    }
  }

  async #next(): Promise<IteratorResult<Job<T>, undefined>> {
    if (this.#intake.isShutDown) return { done: true, value: undefined };
    try {
      return { done: false, value: await this.get() };
    } catch (error) {
      if (!(error instanceof QueueShutDown)) throw error;
      return { done: true, value: undefined };
    }
  }

  async #join(scheduler: Scheduler): Promise<void> {
    const { store } = this.#connection;
    let change = pending(scheduler) as Future<void>;
    const wake = () => {
      if (!change.done()) fulfil(change, undefined);
    };
    const watch = store.watch?.(this.name, wake);
    this.#holder.joiners.add(wake);
    const poll = store.poll === Infinity ? Infinity : JOIN_POLL;
    try {
      while (true) {
        change = pending(scheduler) as Future<void>;
        const { ready, delayed, leased } = await this.#connection.insist(() =>
          store.counts(this.name)
        );
        if (ready + delayed + leased === 0) return;
        const timer = poll === Infinity ? null : scheduler.after(poll, wake);
        try {
          await change;
        } finally {
          timer?.cancel();
        }
      }
    } finally {
      watch?.[Symbol.dispose]();
      this.#holder.joiners.delete(wake);
    }
  }

  #assertPossible(
    caller: string,
    { key, delay, within }: {
      key?: unknown;
      delay?: unknown;
      within?: unknown;
    },
  ): void {
    if (key != null) this.#assertGuaranteed("keys", `${caller}() with a key`);
    if (delay != null) {
      this.#assertGuaranteed("delays", `${caller}() with a delay`);
    }
    if (within !== undefined) {
      this.#assertGuaranteed(
        "transactions",
        `${caller}() within a transaction`,
      );
    }
  }

  #assertGuaranteed(guarantee: keyof Guarantees, what: string): void {
    assertGuaranteed(this.#connection.store, guarantee, what);
  }
}

interface Settings {
  readonly lease: number;
  readonly attempts: number;
  readonly delay: (attempt: number, error: unknown) => Delay;
  readonly keepKeys: number;
  readonly keepResults: number;
  readonly waitsWhenDown: boolean;
}

/** The part of a queue that holds jobs, from the lease to its end. */
class Holder<T> implements JobHolder, IntakeOwner<T> {
  readonly settings: Settings;
  readonly holdings: Holdings;
  /** Called when a job has ended. */
  readonly joiners: Set<() => void> = new Set();
  readonly #connection: Connection;
  readonly #settlements: Batch<Settlement, boolean>;

  constructor(connection: Connection, settings: Settings) {
    const { store, queue } = connection;
    this.settings = settings;
    this.holdings = new Holdings(connection, settings.lease);
    this.#connection = connection;
    this.#settlements = new Batch(
      connection,
      (settlements) => store.settle(queue, settlements),
      // Of two in one call, a store could not tell which came first.
      ({ id, token }) => `${id} ${token}`,
    );
  }

  get lease(): number {
    return this.settings.lease;
  }

  get attempts(): number {
    return this.settings.attempts;
  }

  get keepResults(): number {
    return this.settings.keepResults;
  }

  delayAfter(attempt: number, error: unknown): number {
    const delay = this.settings.delay(attempt, error);
    const seconds = secondsOf("DurableQueue", "delay option", delay);
    return this.#connection.store.guarantees.delays ? seconds : 0;
  }

  assertGuaranteed(guarantee: keyof Guarantees, what: string): void {
    assertGuaranteed(this.#connection.store, guarantee, what);
  }

  remaining(job: Job<unknown>): number {
    return this.holdings.remaining(this.#connection.enter(), job);
  }

  settle(job: Job<unknown>, outcome: JobOutcome): Future<boolean> {
    const scheduler = this.#connection.enter();
    const { fencing } = this.#connection.store.guarantees;
    // Where the store would not refuse a late answer.
    const isTooLate = !fencing && this.remaining(job) <= 0;
    if (isTooLate) return fulfilled(scheduler, false);
    return this.#settlements.add(scheduler, endOf(leaseOf(job), outcome));
  }

  forget(job: Job<unknown>): void {
    this.holdings.forget(job);
    for (const joiner of [...this.joiners]) joiner();
  }

  accept(lease: Lease, asked: number): Job<T> | null {
    const { attempt } = lease;
    const last = this.settings.attempts;
    if (attempt > last) {
      this.#bury(
        lease,
        `the lease of attempt ${last}, the last one, ended without an answer`,
      );
      return null;
    }
    let value: T;
    try {
      value = JSON.parse(lease.value);
    } catch (error) {
      this.#bury(lease, `the value is not JSON: ${error}`);
      return null;
    }
    const job = makeJob<T>(this, lease, value);
    this.holdings.keep(this.#connection.enter(), job, asked);
    return job;
  }

  isHeld(job: Job<T>): boolean {
    return this.holdings.keeps(job);
  }

  release(job: Job<T>): void {
    observe(
      callInline(
        this.#connection.enter(),
        "DurableQueue.get()",
        () => releaseJob(job),
      ),
      (released) => markRetrieved(released),
    );
  }

  releaseLate(leases: readonly Lease[]): void {
    if (leases.length === 0) return;
    const { store, queue } = this.#connection;
    const ends = leases.map((lease) => endOf(lease, { kind: "release" }));
    // If it fails, the leases expire.
    const isIgnored = () => {};
    try {
      const answer = store.settle(queue, ends);
      if (typeof propertyOf(answer, "then") === "function") {
        (answer as PromiseLike<unknown>).then(isIgnored, isIgnored);
      }
    } catch {
      isIgnored();
    }
  }

  /** Ends a job that was leased in vain as a dead letter. */
  #bury(lease: Lease, reason: string): void {
    const attempt = Math.min(lease.attempt, this.settings.attempts);
    const error = { attempt, time: Date.now(), reason };
    const settled = this.#settlements.add(
      this.#connection.enter(),
      endOf(lease, { kind: "dead", error }),
    );
    // If it fails, the lease expires and the next one ends here again.
    observe(settled, () => markRetrieved(settled as Future<unknown>));
  }
}

function endOf({ id, token }: Lease, outcome: JobOutcome): Settlement {
  return { id, token, outcome };
}

function assertGuaranteed(
  store: Store,
  guarantee: keyof Guarantees,
  what: string,
): void {
  if (store.guarantees[guarantee]) return;
  const name = textAt(propertyOf(store, "constructor"), "name", "store");
  throw new errors.NotSupported(
    `Cannot use ${what} as the ${name} does not guarantee ${guarantee}`,
  );
}

function cannotPut(): QueueShutDown {
  return new QueueShutDown(
    "Cannot put into the durable queue as it is shut down",
  );
}

/** Throws unless a value is a string that every store can keep. */
function assertText(what: string, value: unknown): asserts value is string {
  assertString(what, value);
  const text = value as string;
  if (text !== "" && text.isWellFormed() && !text.includes("\0")) return;
  throw outOfRange(what, "well-formed text, not empty and without NUL", text);
}

function delayOf(caller: string, delay: Delay | undefined): number {
  if (delay === undefined) return 0;
  return finite(
    `The delay option of ${caller}()`,
    secondsOf(caller, "delay option", delay),
  );
}

function finite(what: string, seconds: number): number {
  if (Number.isFinite(seconds)) return seconds;
  throw outOfRange(what, "a finite number of seconds", seconds);
}

const WHEN_DOWN = ["wait", "throw"];

function settingsOf(options: DurableQueueOptions): Settings {
  assertOptions("DurableQueue", options);
  const {
    lease = 30,
    attempts = 5,
    delay = backoff(),
    keepKeys = DAY,
    keepResults = 3600,
    whenDown = "wait",
  } = options;
  assertCount("The attempts option of DurableQueue()", attempts, 1);
  assertOneOf("The whenDown option of DurableQueue()", whenDown, WHEN_DOWN);
  const seconds = (name: string, value: Delay) => {
    const what = `The ${name} option of DurableQueue()`;
    const length = finite(
      what,
      secondsOf("DurableQueue", `${name} option`, value),
    );
    if (length >= 0) return length;
    throw outOfRange(what, "a number of at least 0", value);
  };
  const length = seconds("lease", lease);
  if (length === 0) {
    throw outOfRange(
      "The lease option of DurableQueue()",
      "a number greater than 0",
      lease,
    );
  }
  // It fails now rather than after the first failed attempt.
  if (typeof delay !== "function") seconds("delay", delay);
  return {
    lease: length,
    attempts,
    delay: typeof delay === "function" ? delay : () => delay,
    keepKeys: seconds("keepKeys", keepKeys),
    keepResults: seconds("keepResults", keepResults),
    waitsWhenDown: whenDown === "wait",
  };
}
