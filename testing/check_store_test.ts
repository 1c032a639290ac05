// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Leases,
  type LeaseToken,
  MemoryStore,
  type NewJob,
  type Settlement,
} from "../queues/durable/mod.ts";
import { checkStore } from "./check_store.ts";
import { inVirtualTime } from "./in_virtual_time.ts";

Deno.test(
  "checkStore() accepts a store that keeps what it declares",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const checks = await checkStore(() => store);
    assert(checks.length >= 20);
    assert(!checks.includes("transactions"));
    let closed = 0;
    await checkStore(() => store, { close: () => closed++ });
    assertEquals(closed, 2);
  }),
);

Deno.test(
  "checkStore() leaves out what a store does not declare",
  inVirtualTime(async () => {
    class Simple extends MemoryStore {
      override guarantees = {
        fencing: false,
        delays: false,
        keys: false,
        results: false,
        transactions: false,
      };
    }
    const store = new Simple();
    const checks = await checkStore(() => store);
    for (const name of ["fencing", "keys", "delays", "results"]) {
      assert(!checks.includes(name), name);
    }
  }),
);

/** Faults of a store, and the check that finds each. */
const FAULTS: Readonly<Record<string, [string, () => MemoryStore]>> = {
  "takes a settlement of a lease that is lost": [
    "fencing",
    () =>
      new class extends MemoryStore {
        override async settle(queue: string, ends: readonly Settlement[]) {
          await super.settle(queue, ends);
          return ends.map(() => true);
        }
      }(),
  ],
  "renews a lease that is lost": [
    "fencing",
    () =>
      new class extends MemoryStore {
        override async renew(queue: string, leases: readonly LeaseToken[]) {
          await super.renew(queue, leases, 1000);
          return leases.map(() => true);
        }
      }(),
  ],
  "lets no lease end": [
    "expiry",
    () =>
      new class extends MemoryStore {
        override lease(queue: string, count: number) {
          return super.lease(queue, count, 1e9);
        }
      }(),
  ],
  "does not renew": [
    "renewal",
    () =>
      new class extends MemoryStore {
        override renew(queue: string, leases: readonly LeaseToken[]) {
          return super.renew(queue, leases, 0);
        }
      }(),
  ],
  "ignores keys": [
    "keys",
    () =>
      new class extends MemoryStore {
        override put(queue: string, jobs: readonly NewJob[]) {
          return super.put(queue, jobs.map((job) => ({ ...job, key: null })));
        }
      }(),
  ],
  "ignores delays": [
    "delays",
    () =>
      new class extends MemoryStore {
        override put(queue: string, jobs: readonly NewJob[]) {
          return super.put(queue, jobs.map((job) => ({ ...job, delay: 0 })));
        }
      }(),
  ],
  "gives the same job twice": [
    "exclusive leases",
    () =>
      new class extends MemoryStore {
        #last: Promise<Leases> | null = null;
        override lease(queue: string, count: number, seconds: number) {
          if (count !== 3) return super.lease(queue, count, seconds);
          const last = this.#last;
          this.#last = last ?? super.lease(queue, count, seconds);
          return this.#last;
        }
      }(),
  ],
  "loses the last of many": [
    "order",
    () =>
      new class extends MemoryStore {
        override async put(queue: string, jobs: readonly NewJob[]) {
          const kept = jobs.length === 1 ? [] : jobs;
          await super.put(queue, kept);
          return jobs.map(({ id }) => id);
        }
      }(),
  ],
};

for (const [fault, [check, make]] of Object.entries(FAULTS)) {
  Deno.test(
    `checkStore() finds a store that ${fault}`,
    inVirtualTime(async () => {
      const store = make();
      await assertRejects(
        () => checkStore(() => store),
        Error,
        `The store fails the check "${check}"`,
      );
    }),
  );
}

Deno.test("checkStore() refuses wrong arguments", async () => {
  await assertRejects(
    () => checkStore(1 as unknown as () => MemoryStore),
    TypeError,
    "received 1",
  );
  await assertRejects(
    () => checkStore(() => new MemoryStore(), { lease: 0 }),
    RangeError,
    "received 0",
  );
});
