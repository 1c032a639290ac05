// Copyright 2026 the asyncio for Deno authors. MIT license.

import type {
  Leases,
  LeaseToken,
  NewJob,
  Settlement,
  Store,
} from "../../queues/durable/mod.ts";
import type { HistoryEvent } from "./history.ts";

/** Passes calls on to a store and writes the history of its jobs into a file, which survives the program. */
export function recording(store: Store, path: string): Store {
  const file = Deno.openSync(path, { create: true, append: true });
  const encoder = new TextEncoder();
  /** In one write, so that those of several programs do not mix. */
  const record = (events: readonly HistoryEvent[]) => {
    if (events.length === 0) return;
    const text = events.map((event) => JSON.stringify(event) + "\n").join("");
    file.writeSync(encoder.encode(text));
  };
  return {
    guarantees: store.guarantees,
    poll: store.poll,
    put: (queue, jobs, within) => store.put(queue, jobs, within),
    async lease(queue, count, seconds) {
      const start = Date.now();
      const answer: Leases = await store.lease(queue, count, seconds);
      const end = Date.now();
      record(answer.leases.map(({ id, token }) => ({
        type: "lease",
        id,
        token,
        start,
        end,
        seconds,
      })));
      return answer;
    },
    async renew(queue, leases: readonly LeaseToken[], seconds) {
      const start = Date.now();
      const held = await store.renew(queue, leases, seconds);
      const end = Date.now();
      record(leases.map(({ id, token }, i) => ({
        type: "renewed",
        id,
        token,
        start,
        end,
        seconds,
        held: held[i]!,
      })));
      return held;
    },
    async settle(queue, settlements: readonly Settlement[]) {
      const start = Date.now();
      record(settlements.map(({ id, token, outcome: { kind } }) => ({
        type: "settling",
        id,
        token,
        start,
        kind,
      })));
      const held = await store.settle(queue, settlements);
      const end = Date.now();
      record(settlements.map(({ id, token, outcome: { kind } }, i) => ({
        type: "settled",
        id,
        token,
        start,
        end,
        kind,
        held: held[i]!,
      })));
      return held;
    },
    counts: (queue) => store.counts(queue),
    result: (queue, id) => store.result(queue, id),
    dead: (queue, after, count) => store.dead(queue, after, count),
    putBack: (queue, id) => store.putBack(queue, id),
    queues: () => store.queues(),
    watch: (queue, changed) => store.watch!(queue, changed),
  };
}

/** Records that a put was acknowledged. */
export function recordPut(path: string, id: string, key: string): void {
  const event: HistoryEvent = {
    type: "acknowledged",
    id,
    key,
    end: Date.now(),
  };
  Deno.writeTextFileSync(path, JSON.stringify(event) + "\n", { append: true });
}

/** Faults that a store can be given, for the test of the test. */
export const FAULTS: Readonly<
  Record<string, (store: Store) => Partial<Store>>
> = {
  "a dropped fence": (store) => ({
    async settle(queue, settlements) {
      await store.settle(queue, settlements);
      return settlements.map(() => true);
    },
    async renew(queue, leases, seconds) {
      await store.renew(queue, leases, seconds);
      return leases.map(() => true);
    },
  }),
  "an acknowledgement before the commit": (store) => ({
    put(queue, jobs: readonly NewJob[]) {
      setTimeout(() => void store.put(queue, jobs), 100);
      return jobs.map(({ id }) => id);
    },
  }),
  "a lease that never ends": (store) => ({
    lease: (queue, count) => store.lease(queue, count, 1e6),
  }),
};

/** Returns a store with a fault. */
export function withFault(store: Store, fault: string): Store {
  const changes = FAULTS[fault]!(store);
  return new Proxy(store, {
    get(target, name) {
      if (Object.hasOwn(changes, name)) return changes[name as keyof Store];
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
