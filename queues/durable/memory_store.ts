// Copyright 2026 the asyncio for Deno authors. MIT license.

import { currentScheduler } from "../../loop/core/scheduler.ts";
import { sleep } from "../../tasks/sleep.ts";
import { PriorityQueue } from "../queue.ts";
import type {
  Counts,
  DeadLetter,
  Guarantees,
  JobError,
  JobOutcome,
  Leases,
  LeaseToken,
  NewJob,
  QueueState,
  Settlement,
  Store,
  StoredResult,
} from "./store.ts";

type JobState = "waiting" | "leased" | "dead" | "done";

/** A job in memory. */
interface Entry {
  readonly id: string;
  readonly value: string;
  readonly key: string | null;
  /** Its place among jobs that became ready at the same time. */
  place: number;
  state: JobState;
  /** When it became ready first, by which jobs are ordered. */
  due: number;
  /** When a job that waits is ready, the lease of one that is leased ends, or one that is done was done. */
  at: number;
  attempt: number;
  /** The number of leases, and the token of the last one. */
  leases: number;
  errors: JobError[];
  result: string | null;
  /** Until when the result is kept. */
  resultUntil: number;
}

/** A place in the order in which jobs can be leased; out of date if the entry has moved since. */
interface Turn {
  readonly at: number;
  readonly place: number;
  readonly entry: Entry;
}

/** How long a job that is done is known, at least, so that a repeated settlement finds it. */
const KEEP_DONE = 60;
/** The window of the rate, in seconds. */
const RATE_WINDOW = 60;

/**
 * A store in the memory of the program: for tests. It survives nothing, and keeps everything else that a store can.
 *
 * Its time is that of the event loop, so that it works in virtual time. An answer comes once every other task that is
 * ready has run, as that of a real store does not come at once either.
 *
 * @example Usage
 * ```ts
 * import { run } from "@asyncio/asyncio";
 * import { DurableQueue, MemoryStore } from "@asyncio/asyncio/durable";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const queue = new DurableQueue<string>("mail", new MemoryStore());
 *   await queue.put("hello");
 *   const job = await queue.get();
 *   assertEquals(job.value, "hello");
 *   await job.done();
 * });
 * ```
 *
 * @category Durable queues
 */
export class MemoryStore implements Store {
  /** The guarantees of the store: all but transactions. */
  readonly guarantees: Guarantees = {
    fencing: true,
    delays: true,
    keys: true,
    results: true,
    transactions: false,
    records: true,
  };
  /** {@linkcode MemoryStore.watch} misses nothing. */
  readonly poll: number = Infinity;
  readonly #queues = new Map<string, MemoryQueue>();

  /** Puts jobs, as {@linkcode Store.put} requires. */
  put(queue: string, jobs: readonly NewJob[]): Promise<readonly string[]> {
    return this.#answer(queue, (each) => jobs.map((job) => each.put(job)));
  }

  /** Leases jobs, as {@linkcode Store.lease} requires. */
  lease(queue: string, count: number, seconds: number): Promise<Leases> {
    return this.#answer(queue, (each) => each.lease(count, seconds));
  }

  /** Renews leases, as {@linkcode Store.renew} requires. */
  renew(
    queue: string,
    leases: readonly LeaseToken[],
    seconds: number,
  ): Promise<readonly boolean[]> {
    return this.#answer(
      queue,
      (each) => leases.map((lease) => each.renew(lease, seconds)),
    );
  }

  /** Ends leases, as {@linkcode Store.settle} requires. */
  settle(
    queue: string,
    settlements: readonly Settlement[],
  ): Promise<readonly boolean[]> {
    return this.#answer(
      queue,
      (each) => settlements.map((settlement) => each.settle(settlement)),
    );
  }

  /** Counts jobs, as {@linkcode Store.counts} requires. */
  counts(queue: string): Promise<Counts> {
    return this.#answer(queue, (each) => each.counts());
  }

  /** Returns a result, as {@linkcode Store.result} requires. */
  result(queue: string, id: string): Promise<StoredResult | null> {
    return this.#answer(queue, (each) => each.result(id));
  }

  /** Lists dead letters, as {@linkcode Store.dead} requires. */
  dead(
    queue: string,
    after: string | null,
    count: number,
  ): Promise<readonly DeadLetter[]> {
    return this.#answer(queue, (each) => each.dead(after, count));
  }

  /** Puts a dead letter back, as {@linkcode Store.putBack} requires. */
  putBack(queue: string, id: string): Promise<boolean> {
    return this.#answer(queue, (each) => each.putBack(id));
  }

  /** Lists the queues, as {@linkcode Store.queues} requires. */
  queues(): Promise<readonly QueueState[]> {
    const names = [...this.#queues.keys()].toSorted();
    return sleep(0, names.map((name) => this.#queue(name).state(name)));
  }

  /** Calls a function at each change of a queue, as {@linkcode Store.watch} requires. */
  watch(queue: string, changed: () => void): Disposable {
    const { watchers } = this.#queue(queue);
    const watcher = () => changed();
    watchers.add(watcher);
    return { [Symbol.dispose]: () => void watchers.delete(watcher) };
  }

  #queue(name: string): MemoryQueue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue = new MemoryQueue();
    this.#queues.set(name, queue);
    return queue;
  }

  #answer<R>(name: string, ask: (queue: MemoryQueue) => R): Promise<R> {
    return sleep(0, ask(this.#queue(name)));
  }
}

/** One queue of a store. */
class MemoryQueue {
  readonly watchers: Set<() => void> = new Set();
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new Map<string, { id: string; expires: number }>();
  readonly #turns = new PriorityQueue<Turn>(0, {
    compare: (a, b) => a.at - b.at || a.place - b.place,
  });
  #places = 0;
  #putsUntilForget = 1000;

  put({ id, value, key, keepKey, delay }: NewJob): string {
    const now = this.#now();
    this.#forget(now);
    if (this.#entries.has(id)) return id;
    if (key !== null) {
      const known = this.#keys.get(key);
      if (known !== undefined && known.expires > now) return known.id;
      this.#keys.set(key, { id, expires: now + keepKey });
    }
    const at = now + Math.max(0, delay);
    const entry: Entry = {
      id,
      value,
      key,
      place: this.#places++,
      state: "waiting",
      due: at,
      at,
      attempt: 0,
      leases: 0,
      errors: [],
      result: null,
      resultUntil: -Infinity,
    };
    this.#entries.set(id, entry);
    this.#move(entry, at);
    return id;
  }

  lease(count: number, seconds: number): Leases {
    const now = this.#now();
    const leases = [];
    while (leases.length < count) {
      const turn = this.#takeTurn();
      if (turn === null) break;
      const { entry } = turn;
      if (turn.at > now) {
        this.#turns.putNowait(turn);
        const next = turn.at - now;
        return { leases, next: leases.length === 0 ? next : null };
      }
      entry.state = "leased";
      entry.attempt++;
      entry.leases++;
      this.#move(entry, now + seconds);
      const { id, value, key, attempt } = entry;
      const token = String(entry.leases);
      const errors = [...entry.errors];
      leases.push({ id, token, value, key, attempt, errors });
    }
    return { leases, next: null };
  }

  renew(lease: LeaseToken, seconds: number): boolean {
    const now = this.#now();
    const entry = this.#held(lease);
    if (entry?.state !== "leased" || entry.at <= now) return false;
    this.#move(entry, now + seconds);
    return true;
  }

  settle({ outcome, ...lease }: Settlement): boolean {
    const entry = this.#held(lease);
    if (entry === null) return false;
    // Otherwise it is settled already, by this lease.
    if (entry.state === "leased") this.#end(entry, outcome);
    return true;
  }

  counts(): Counts {
    const now = this.#now();
    const counts = { ready: 0, delayed: 0, leased: 0, dead: 0 };
    for (const { state, at } of this.#entries.values()) {
      if (state === "dead") counts.dead++;
      else if (state === "done") continue;
      else if (at <= now) counts.ready++;
      else counts[state === "leased" ? "leased" : "delayed"]++;
    }
    return counts;
  }

  state(name: string): QueueState {
    const now = this.#now();
    let oldest = null;
    let done = 0;
    for (const { state, due, at } of this.#entries.values()) {
      if (state === "done" && at > now - RATE_WINDOW) done++;
      if (state !== "waiting" && state !== "leased") continue;
      if (due <= now) oldest = Math.max(oldest ?? 0, now - due);
    }
    return { name, ...this.counts(), oldest, rate: done / RATE_WINDOW };
  }

  result(id: string): StoredResult | null {
    const entry = this.#entries.get(id);
    if (entry?.state !== "done") return null;
    const isKept = entry.resultUntil > this.#now();
    return isKept ? { result: entry.result } : null;
  }

  dead(after: string | null, count: number): DeadLetter[] {
    return [...this.#entries.values()]
      .filter(({ id, state }) => state === "dead" && id > (after ?? ""))
      .toSorted((a, b) => a.id < b.id ? -1 : 1)
      .slice(0, count)
      .map(({ id, value, key, attempt, errors }) => ({
        id,
        value,
        key,
        attempts: attempt,
        errors: [...errors],
      }));
  }

  putBack(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry?.state !== "dead") return false;
    entry.attempt = 0;
    entry.errors = [];
    this.#wait(entry, this.#now());
    return true;
  }

  /** Returns the entry of a lease, unless another lease of it has begun. */
  #held({ id, token }: LeaseToken): Entry | null {
    const entry = this.#entries.get(id);
    return entry !== undefined && String(entry.leases) === token ? entry : null;
  }

  #end(entry: Entry, outcome: JobOutcome): void {
    const now = this.#now();
    switch (outcome.kind) {
      case "done":
        entry.state = "done";
        entry.result = outcome.result;
        entry.resultUntil = now + outcome.keep;
        entry.at = now;
        this.#tell();
        return;
      case "retry":
        entry.errors.push(outcome.error);
        return this.#wait(entry, now + Math.max(0, outcome.delay));
      case "release":
        entry.attempt--;
        entry.state = "waiting";
        return this.#move(entry, entry.due);
      case "dead":
        entry.errors.push(outcome.error);
        entry.state = "dead";
        entry.at = Infinity;
        this.#tell();
    }
  }

  #wait(entry: Entry, at: number): void {
    entry.state = "waiting";
    entry.due = at;
    entry.place = this.#places++;
    this.#move(entry, at);
  }

  #move(entry: Entry, at: number): void {
    entry.at = at;
    this.#turns.putNowait({ at, place: entry.place, entry });
    this.#tell();
  }

  /** Removes the first turn that is not out of date. */
  #takeTurn(): Turn | null {
    while (!this.#turns.empty()) {
      const turn = this.#turns.getNowait();
      const { at, state } = turn.entry;
      const isOpen = state === "waiting" || state === "leased";
      if (isOpen && turn.at === at) return turn;
    }
    return null;
  }

  /** Forgets what has expired; once in a while, as it looks at everything. */
  #forget(now: number): void {
    if (this.#putsUntilForget-- > 0) return;
    for (const [key, { expires }] of this.#keys) {
      if (expires <= now) this.#keys.delete(key);
    }
    for (const [id, { state, at, resultUntil }] of this.#entries) {
      const expires = Math.max(at + KEEP_DONE, resultUntil);
      if (state === "done" && expires <= now) this.#entries.delete(id);
    }
    this.#putsUntilForget = this.#entries.size + this.#keys.size;
  }

  #now(): number {
    return currentScheduler().time();
  }

  #tell(): void {
    for (const watcher of [...this.watchers]) watcher();
  }
}
