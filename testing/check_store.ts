// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isInstance, textOf } from "../loop/core/unknown_value.ts";
import {
  assertBoolean,
  assertFunction,
  assertOptions,
  assertPositive,
} from "../loop/core/validate.ts";
import { CancelledError } from "../loop/core/cancelled_error.ts";
import { newJobId } from "../queues/durable/job_id.ts";
import { assertStore } from "../queues/durable/store.ts";
import type {
  Counts,
  Guarantees,
  JobError,
  JobOutcome,
  Lease,
  NewJob,
  Store,
} from "../queues/durable/store.ts";
import { sleep } from "../tasks/sleep.ts";

/**
 * The options of {@linkcode checkStore}.
 *
 * @category Tests
 */
export interface CheckStoreOptions {
  /**
   * The length, in seconds, of the leases and delays that the checks wait for; 0.5 by default. It must be long against
   * the time that the store takes to answer.
   */
  lease?: number | undefined;
  /** Whether all leases on a queue must have the same length; `false` by default. */
  fixed?: boolean | undefined;
  /** Closes a store that was opened. */
  close?: ((store: Store) => unknown) | undefined;
  /**
   * Runs a function within a transaction, and passes it what {@linkcode Store.put} takes as `within`. The transaction is
   * rolled back if the function throws, which is then thrown. Needed for a store that guarantees transactions.
   */
  transaction?:
    | ((body: (within: unknown) => Promise<void>) => Promise<void>)
    | undefined;
}

/**
 * Checks that a store does what {@linkcode Store} requires and what the store declares to guarantee: the kit to test
 * your own store with.
 *
 * Each check has queues of its own, with random names. The checks wait for leases to expire, which takes some seconds,
 * or none in virtual time.
 *
 * @param open Opens the store. It is called twice: the two must share their jobs, as two programs do.
 * @param options The length of leases, and what the store needs.
 * @returns A promise of the names of the checks that were made.
 * @throws {Error} If a check fails; the message says what the store must do.
 * @throws {TypeError} If an argument has the wrong type.
 *
 * @example Usage
 * ```ts
 * import { run } from "@asyncio/asyncio";
 * import { MemoryStore } from "@asyncio/asyncio/durable";
 * import { checkStore, VirtualTimeLoop } from "@asyncio/asyncio/testing";
 * import { assert } from "@std/assert";
 *
 * const store = new MemoryStore();
 * const checks = await run(() => checkStore(() => store), {
 *   loopFactory: () => new VirtualTimeLoop(),
 * });
 * assert(checks.includes("fencing"));
 * ```
 *
 * @category Tests
 */
export async function checkStore(
  open: () => Store | PromiseLike<Store>,
  options: CheckStoreOptions = {},
): Promise<string[]> {
  assertFunction("The open of checkStore()", open);
  assertOptions("checkStore", options);
  const { lease = 0.5, fixed = false, close, transaction } = options;
  assertPositive("The lease option of checkStore()", lease);
  assertBoolean("The fixed option of checkStore()", fixed);
  if (close !== undefined) {
    assertFunction("The close option of checkStore()", close);
  }
  if (transaction !== undefined) {
    assertFunction("The transaction option of checkStore()", transaction);
  }
  const stores: Store[] = [];
  try {
    stores.push(await open());
    stores.push(await open());
    for (const store of stores) {
      assertStore("What the open of checkStore() returns", store);
    }
    const [store, other] = stores as [Store, Store];
    const done: string[] = [];
    for (const [name, { needs, check }] of Object.entries(CHECKS)) {
      if (needs !== undefined && !store.guarantees[needs]) continue;
      const trial = new Trial(store, other, name, {
        short: lease,
        long: fixed ? lease : LONG,
        transaction,
      });
      try {
        await check(trial);
      } catch (error) {
        if (isInstance(error, CancelledError)) throw error;
        throw new Error(
          `The store fails the check "${name}": ${
            isInstance(error, Error) ? error.message : textOf(error)
          }`,
          { cause: error },
        );
      }
      done.push(name);
    }
    return done;
  } finally {
    for (const each of stores) await close?.(each);
  }
}

/** A check, and what a store must guarantee to be checked. */
interface Check {
  readonly needs?: keyof Guarantees;
  readonly check: (trial: Trial) => Promise<void>;
}

/** A time that does not pass in a check, in seconds. */
const LONG = 1000;

/** The settings of a check. */
interface Settings {
  /** The length of a lease that expires in the check, in seconds. */
  readonly short: number;
  /** The length of one that does not, unless all must have the same. */
  readonly long: number;
  readonly transaction: CheckStoreOptions["transaction"];
}

/** One check of a store, with a queue of its own. */
class Trial {
  readonly queue: string;
  readonly short: number;
  readonly long: number;
  readonly transaction: CheckStoreOptions["transaction"];

  constructor(
    readonly store: Store,
    /** The same store as another program sees it. */
    readonly other: Store,
    name: string,
    { short, long, transaction }: Settings,
  ) {
    this.queue = `check ${name} ${crypto.randomUUID()}`;
    this.short = short;
    this.long = long;
    this.transaction = transaction;
  }

  async put(...values: unknown[]): Promise<string[]> {
    const jobs = values.map((value) =>
      newJob({ value: JSON.stringify(value) })
    );
    return [...await this.store.put(this.queue, jobs)];
  }

  async lease(
    count = 1,
    seconds: number = this.long,
    store: Store = this.store,
  ): Promise<readonly Lease[]> {
    return (await store.lease(this.queue, count, seconds)).leases;
  }

  async leaseOne(
    seconds: number = this.long,
    store: Store = this.store,
  ): Promise<Lease> {
    const leases = await this.lease(1, seconds, store);
    equal("the number of leases", leases.length, 1);
    return leases[0]!;
  }

  async settle(
    lease: Lease,
    outcome: JobOutcome,
    store: Store = this.store,
  ): Promise<boolean> {
    const { id, token } = lease;
    const held = await store.settle(this.queue, [{ id, token, outcome }]);
    return held[0]!;
  }

  /** Checks counts that do not tell delayed jobs from others. */
  #total(counts: Counts, expected: Partial<Counts>): void {
    const total = ({ ready = 0, delayed = 0, leased = 0 }: Partial<Counts>) =>
      ready + delayed + leased;
    if (expected.dead !== undefined) {
      equal("counts().dead", counts.dead, expected.dead);
    }
    if (total(counts) >= total(expected)) return;
    equal("the number of jobs in counts()", total(counts), total(expected));
  }

  /** Checks the time until the end of a short lease or delay. */
  checkNext(next: number | null): void {
    // A clock may be coarse.
    const isRight = next === null || (next > 0 && next <= this.short * 1.1);
    if (!isRight) equal("next", next, `from 0 to ${this.short}`);
  }

  /** Waits until a short lease or delay is over. */
  async expiry(): Promise<void> {
    await sleep(this.short * 1.2);
  }

  async counts(expected: Partial<Counts>): Promise<void> {
    const counts = await this.store.counts(this.queue);
    if (!this.store.guarantees.records) return this.#total(counts, expected);
    for (const [name, number] of Object.entries(expected)) {
      equal(`counts().${name}`, counts[name as keyof Counts], number);
    }
  }
}

function newJob(job: Partial<NewJob> = {}): NewJob {
  return {
    id: newJobId(),
    value: "null",
    key: null,
    keepKey: LONG,
    delay: 0,
    ...job,
  };
}

const DONE: JobOutcome = { kind: "done", result: null, keep: LONG };
const RELEASE: JobOutcome = { kind: "release" };

function retry(attempt: number, delay = 0): JobOutcome {
  return { kind: "retry", delay, error: errorOf(attempt) };
}

function dead(attempt: number): JobOutcome {
  return { kind: "dead", error: errorOf(attempt) };
}

function errorOf(attempt: number): JobError {
  return { attempt, time: 1000 * attempt, reason: `reason ${attempt}` };
}

function equal(what: string, received: unknown, expected: unknown): void {
  const [is, must] = [JSON.stringify(received), JSON.stringify(expected)];
  if (is === must) return;
  throw new Error(`${what} must be ${must}: received ${is}`);
}

function valuesOf(leases: readonly Lease[]): unknown[] {
  return leases.map(({ value }) => JSON.parse(value));
}

const CHECKS: Readonly<Record<string, Check>> = {
  "order": {
    async check(trial) {
      const ids = await trial.put("a", "b");
      ids.push(...await trial.put("c"));
      equal("the number of different ids", new Set(ids).size, 3);
      await trial.counts({ ready: 3, leased: 0, dead: 0 });
      equal("the jobs", valuesOf(await trial.lease(2)), ["a", "b"]);
      await trial.counts({ ready: 1, leased: 2 });
      const [last, none] = await trial.lease(2);
      equal("the last job", JSON.parse(last?.value ?? "null"), "c");
      equal("its id", last?.id, ids[2]);
      equal("its attempt", last?.attempt, 1);
      equal("the lease of a job that there is not", none, undefined);
      equal("the jobs of an empty queue", await trial.lease(5), []);
    },
  },

  "values": {
    async check(trial) {
      const values = [
        null,
        "",
        "\0 \u2028 \ud83d\ude00 ' \" \\ $1 ? %",
        { deep: [{ list: [1.5, -0.1, 1e300, true] }] },
        "x".repeat(100_000),
      ];
      await trial.put(...values);
      equal("the values", valuesOf(await trial.lease(10)), values);
    },
  },

  "names": {
    async check(trial) {
      const names = ["a.b *>", "'\"\\;--", "\u00e9\ud83d\ude00 %$"];
      for (const name of names) {
        const queue = `${name} ${trial.queue}`;
        const value = JSON.stringify(name);
        await trial.store.put(queue, [newJob({ value })]);
      }
      for (const name of names) {
        const queue = `${name} ${trial.queue}`;
        const { leases } = await trial.other.lease(queue, 2, trial.long);
        equal(`the jobs of the queue ${queue}`, valuesOf(leases), [name]);
      }
      const listed = (await trial.store.queues()).map(({ name }) => name);
      const missing = names.filter((name) =>
        !listed.includes(`${name} ${trial.queue}`)
      );
      equal("the names that queues() does not list", missing, []);
    },
  },

  "put once": {
    async check(trial) {
      const job = newJob({ value: '"once"' });
      const [id] = await trial.store.put(trial.queue, [job]);
      const [again] = await trial.other.put(trial.queue, [job]);
      equal("the id of a job that is put again", again, id);
      const lease = await trial.leaseOne();
      equal("the second job", await trial.lease(), []);
      await trial.settle(lease, DONE);
      await trial.store.put(trial.queue, [job]);
      equal("the jobs after a late repetition", await trial.lease(), []);
    },
  },

  "exclusive leases": {
    async check(trial) {
      const numbers = Array.from({ length: 200 }, (_, i) => i);
      await trial.put(...numbers);
      const calls = numbers.map((i) =>
        trial.lease(3, trial.long, i % 2 === 0 ? trial.store : trial.other)
      );
      const leases = [];
      for (const call of calls) leases.push(...await call);
      // A job that another call is about to lease may be left out.
      while (true) {
        const more = await trial.lease(50);
        if (more.length === 0) break;
        leases.push(...more);
      }
      const values = valuesOf(leases) as number[];
      equal("the jobs", values.toSorted((a, b) => a - b), numbers);
    },
  },

  "expiry": {
    async check(trial) {
      await trial.put("a");
      const first = await trial.leaseOne(trial.short);
      const { leases, next } = await trial.other.lease(
        trial.queue,
        1,
        trial.long,
      );
      equal("the leases of a job that is leased", leases, []);
      trial.checkNext(next);
      await trial.expiry();
      await trial.counts({ ready: 1, leased: 0 });
      const second = await trial.leaseOne(trial.long, trial.other);
      equal("the id", second.id, first.id);
      equal("the attempt after an expired lease", second.attempt, 2);
      if (second.token === first.token) {
        equal("the token of another lease", second.token, "another");
      }
    },
  },

  "fencing": {
    needs: "fencing",
    async check(trial) {
      await trial.put("a");
      const first = await trial.leaseOne(trial.short);
      await trial.expiry();
      const second = await trial.leaseOne(trial.long, trial.other);
      const renewed = await trial.store.renew(trial.queue, [first], LONG);
      equal("the renewal of a lease that is lost", renewed, [false]);
      for (const outcome of [DONE, retry(1), RELEASE, dead(1)]) {
        const held = await trial.settle(first, outcome);
        equal(`a late settlement as ${outcome.kind}`, held, false);
      }
      await trial.counts({ ready: 0, leased: 1, dead: 0 });
      equal("done", await trial.settle(second, DONE, trial.other), true);
      equal("a late done", await trial.settle(first, DONE), false);
      const unknown = { ...first, id: newJob().id };
      equal("done of no job", await trial.settle(unknown, DONE), false);
    },
  },

  "renewal": {
    async check(trial) {
      const { store, queue, short } = trial;
      await trial.put("a", "b");
      const leases = await trial.lease(2, short);
      for (let i = 0; i < 3; i++) {
        await sleep(short / 2);
        const held = await store.renew(queue, leases, short);
        equal("the renewals", held, [true, true]);
      }
      equal("the leases of leased jobs", await trial.lease(2, short), []);
      equal("done", await trial.settle(leases[1]!, DONE), true);
    },
  },

  "late but not lost": {
    needs: "fencing",
    async check(trial) {
      await trial.put("a", "b");
      const [a, b] = await trial.lease(2, trial.short);
      await trial.expiry();
      const held = await trial.store.renew(trial.queue, [a!], LONG);
      equal("the renewal of an expired lease", held, [false]);
      equal("done in an expired lease", await trial.settle(b!, DONE), true);
      await trial.counts({ ready: 1, leased: 0 });
    },
  },

  "done": {
    async check(trial) {
      await trial.put("a", "b");
      const [a, b] = await trial.lease(2, trial.short);
      const both = [a!, b!].map(({ id, token }) => ({
        id,
        token,
        outcome: DONE,
      }));
      const held = await trial.store.settle(trial.queue, both);
      equal("settle()", held, [true, true]);
      await trial.counts({ ready: 0, leased: 0, dead: 0 });
      if (trial.store.guarantees.fencing) {
        equal("done, repeated", await trial.settle(a!, DONE), true);
      }
      await trial.expiry();
      equal("the jobs after all are done", await trial.lease(), []);
    },
  },

  "retry": {
    async check(trial) {
      await trial.put("a");
      for (const attempt of [1, 2, 3]) {
        const lease = await trial.leaseOne();
        equal("the attempt", lease.attempt, attempt);
        equal("retry", await trial.settle(lease, retry(attempt)), true);
        await trial.counts({ ready: 1, leased: 0 });
      }
    },
  },

  "errors": {
    needs: "records",
    async check(trial) {
      await trial.put("a");
      for (const attempt of [1, 2]) {
        const lease = await trial.leaseOne();
        await trial.settle(lease, retry(attempt));
      }
      const { errors } = await trial.leaseOne();
      equal("the errors", errors, [errorOf(1), errorOf(2)]);
    },
  },

  "retry with a delay": {
    needs: "delays",
    async check(trial) {
      await trial.put("a");
      const lease = await trial.leaseOne();
      await trial.settle(lease, retry(1, trial.short));
      if (trial.store.guarantees.fencing) await trial.settle(lease, retry(1));
      equal("the jobs before the delay", await trial.lease(), []);
      await trial.expiry();
      equal("the attempt", (await trial.leaseOne()).attempt, 2);
    },
  },

  "release": {
    async check(trial) {
      await trial.put("a");
      const lease = await trial.leaseOne();
      equal("release", await trial.settle(lease, RELEASE), true);
      equal(
        "the id",
        (await trial.leaseOne(trial.long, trial.other)).id,
        lease.id,
      );
    },
  },

  "release without a trace": {
    needs: "records",
    async check(trial) {
      await trial.put("a", "b", "c");
      const lease = await trial.leaseOne();
      await trial.settle(lease, RELEASE);
      const leases = await trial.lease(3);
      equal("the order after a release", valuesOf(leases), ["a", "b", "c"]);
      equal("the attempt", leases[0]!.attempt, 1);
    },
  },

  "dead letters": {
    async check(trial) {
      const ids = await trial.put("a", "b", "c");
      for (const lease of await trial.lease(3)) {
        equal("dead", await trial.settle(lease, dead(1)), true);
      }
      await trial.counts({ ready: 0, leased: 0, dead: 3 });
      equal("the jobs after all are dead", await trial.lease(), []);
      const page = await trial.store.dead(trial.queue, null, 2);
      const rest = await trial.other.dead(trial.queue, page[1]!.id, 2);
      const all = [...page, ...rest];
      equal("the ids", all.map(({ id }) => id), ids);
      equal("the values", all.map(({ value }) => JSON.parse(value)), [
        "a",
        "b",
        "c",
      ]);
      equal("the attempts", all[0]!.attempts, 1);
      equal("the errors", all[0]!.errors, [errorOf(1)]);
      equal("putBack()", await trial.store.putBack(trial.queue, ids[1]!), true);
      equal(
        "a second one",
        await trial.store.putBack(trial.queue, ids[1]!),
        false,
      );
      const unknown = await trial.store.putBack(trial.queue, newJob().id);
      equal("putBack() of no job", unknown, false);
      await trial.counts({ ready: 1, dead: 2 });
      const lease = await trial.leaseOne();
      equal("the value that is back", JSON.parse(lease.value), "b");
      equal("its attempt", lease.attempt, 1);
      equal("its errors", lease.errors, []);
    },
  },

  "delays": {
    needs: "delays",
    async check(trial) {
      const { store, queue, short } = trial;
      await store.put(queue, [newJob({ value: '"later"', delay: short })]);
      await trial.put("now");
      await trial.counts({ ready: 1, delayed: 1 });
      equal("the jobs before the delay", valuesOf(await trial.lease(2)), [
        "now",
      ]);
      const { leases, next } = await store.lease(queue, 1, trial.long);
      equal("the jobs before the delay", leases, []);
      trial.checkNext(next);
      await trial.expiry();
      equal("the jobs after the delay", valuesOf(await trial.lease()), [
        "later",
      ]);
    },
  },

  "keys": {
    needs: "keys",
    async check(trial) {
      const { store, other, queue } = trial;
      const put = (key: string | null, from = store) =>
        from.put(queue, [newJob({ key, value: '"x"' })]);
      const [id] = await put("k");
      equal("the id of the same key", (await put("k", other))[0], id);
      if ((await put("other"))[0] === id) {
        equal("the id of another key", id, "another");
      }
      const lease = await trial.leaseOne();
      equal("the key of a lease", lease.key, "k");
      await trial.settle(lease, DONE);
      equal("the id of the same key", (await put("k"))[0], id);
      await store.put(`another ${queue}`, [newJob({ key: "k" })]);
      await trial.counts({ ready: 1 });
      const { leases } = await store.lease(
        `another ${queue}`,
        2,
        trial.long,
      );
      equal("the jobs of another queue", leases.length, 1);
    },
  },

  "keys that expire": {
    needs: "keys",
    async check(trial) {
      const { store, queue, short } = trial;
      // A store may have one time for all keys, which is then longer.
      const job = () => newJob({ key: "k", keepKey: short });
      const [first] = await store.put(queue, [job()]);
      const [same] = await store.put(queue, [job()]);
      equal("the id of a key in use", same, first);
      if (!store.guarantees.records) return;
      await trial.expiry();
      const [second] = await store.put(queue, [job()]);
      if (second === first) equal("the id of an expired key", second, "new");
      await trial.counts({ ready: 2 });
    },
  },

  "keys at once": {
    needs: "keys",
    async check(trial) {
      const { store, other, queue } = trial;
      const keys = ["a", "b", "c", "d"];
      const calls = Array.from({ length: 20 }, (_, i) => {
        const order = i % 3 === 0 ? keys.toReversed() : keys;
        const jobs = order.map((key) =>
          newJob({ key, value: JSON.stringify(key) })
        );
        return (i % 2 === 0 ? store : other).put(queue, jobs);
      });
      const ids = new Set<string>();
      for (const call of calls) for (const id of await call) ids.add(id);
      equal("the number of ids", ids.size, 4);
      await trial.counts({ ready: 4 });
    },
  },

  "results": {
    needs: "results",
    async check(trial) {
      const { store, other, queue, short } = trial;
      const [a, b] = await trial.put("a", "b");
      equal("the result of a job to do", await store.result(queue, a!), null);
      const [first, second] = await trial.lease(2);
      const result = '{"n":1}';
      await trial.settle(first!, { kind: "done", result, keep: LONG });
      await trial.settle(second!, { kind: "done", result, keep: short });
      equal("the result", await other.result(queue, a!), { result });
      equal("the result", await other.result(queue, b!), { result });
      const repeated = await trial.settle(first!, {
        kind: "done",
        result,
        keep: LONG,
      });
      equal("done, repeated", repeated, true);
      await trial.expiry();
      equal("the result", await store.result(queue, a!), { result });
      equal("an expired result", await store.result(queue, b!), null);
      const unknown = await store.result(queue, newJob().id);
      equal("the result of no job", unknown, null);
    },
  },

  "transactions": {
    needs: "transactions",
    async check(trial) {
      const { store, queue, transaction } = trial;
      if (transaction === undefined) {
        throw new Error("checkStore() needs the transaction option for it");
      }
      const failure = new Error("rolled back");
      try {
        await transaction(async (within) => {
          await store.put(queue, [newJob({ value: '"never"' })], within);
          throw failure;
        });
      } catch (error) {
        if (error !== failure) throw error;
      }
      await trial.counts({ ready: 0 });
      await transaction(async (within) => {
        await store.put(queue, [newJob({ value: '"yes"', key: "k" })], within);
        await trial.counts({ ready: 0 });
      });
      equal("the jobs", valuesOf(await trial.lease(2)), ["yes"]);
    },
  },

  "watch": {
    async check(trial) {
      const { store, other, queue } = trial;
      if (store.watch === undefined) {
        const isPolled = store.poll < Infinity;
        equal("a finite poll, as there is no watch()", isPolled, true);
        return;
      }
      for (const from of [store, other]) {
        let changes = 0;
        const watch = store.watch(queue, () => changes++);
        await from.put(queue, [newJob()]);
        const limit = Math.min(store.poll, 5);
        for (let i = 0; i < 50 && changes === 0; i++) await sleep(limit / 50);
        watch[Symbol.dispose]();
        const isSeen = changes > 0 || store.poll < Infinity;
        equal("a change that was seen, or a finite poll", isSeen, true);
        changes = 0;
        await from.put(queue, [newJob()]);
        equal("the changes after the watch", changes, 0);
      }
    },
  },

  "many": {
    async check(trial) {
      const numbers = Array.from({ length: 2000 }, (_, i) => i);
      const ids = await trial.put(...numbers);
      equal("the number of ids", new Set(ids).size, numbers.length);
      const done: number[] = [];
      while (done.length < numbers.length) {
        const leases = await trial.lease(500);
        if (leases.length === 0) break;
        done.push(...valuesOf(leases) as number[]);
        const held = await trial.store.settle(
          trial.queue,
          leases.map(({ id, token }) => ({ id, token, outcome: DONE })),
        );
        equal("settle()", held.every((each) => each), true);
      }
      equal("the jobs", done, numbers);
    },
  },
};
