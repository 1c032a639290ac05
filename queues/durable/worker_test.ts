// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  gather,
  getRunningLoop,
  sleep,
} from "../../mod.ts";
import { cancelEverywhere, explore, inVirtualTime } from "../../testing/mod.ts";
import {
  DurableQueue,
  MemoryStore,
  type Store,
  StoreDown,
  worker,
} from "./mod.ts";

function now(): number {
  return getRunningLoop().time();
}

Deno.test(
  "worker() does jobs concurrently until the queue is shut down",
  inVirtualTime(async () => {
    const queue = new DurableQueue<number>("n", new MemoryStore());
    const ids = await queue.putMany([1, 2, 3, 4]);
    const working = createTask(() =>
      worker(queue, async (n) => {
        await sleep(10);
        return n * n;
      }, { concurrency: 2 })
    );
    await queue.join();
    assertEquals(now(), 20);
    await queue.shutdown();
    await working;
    const results = await gather(ids.map((id) => queue.result(id)));
    assertEquals(results, [1, 4, 9, 16]);
  }),
);

Deno.test(
  "worker() puts a job back that throws, and gives up at last",
  inVirtualTime(async () => {
    const queue = new DurableQueue<string>("n", new MemoryStore(), {
      attempts: 3,
      delay: (attempt) => attempt * 10,
    });
    await queue.put("a");
    const times: number[] = [];
    const working = createTask(() =>
      worker(queue, (value) => {
        times.push(now());
        throw new Error(`cannot do ${value}`);
      })
    );
    await queue.join();
    await queue.shutdown();
    await working;
    assertEquals(times, [0, 10, 30]);
    const [letter] = await Array.fromAsync(queue.dead());
    assertEquals(letter?.attempts, 3);
    assertEquals(letter?.errors.map(({ reason }) => reason), [
      "Error: cannot do a",
      "Error: cannot do a",
      "Error: cannot do a",
    ]);
  }),
);

Deno.test(
  "worker() leaves a job alone that its function has ended",
  inVirtualTime(async () => {
    const queue = new DurableQueue<string>("n", new MemoryStore());
    await queue.putMany(["retry", "dead"]);
    const working = createTask(() =>
      worker(queue, async (value, job) => {
        if (job.attempt === 2) return;
        if (value === "dead") await job.dead("no");
        else await job.retry({ after: 5 });
      })
    );
    await queue.join();
    await queue.shutdown();
    await working;
    assertEquals(now(), 5);
    assertEquals((await queue.counts()).dead, 1);
  }),
);

Deno.test(
  "worker() lets running jobs end after a shutdown, within the grace",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const queue = new DurableQueue<number>("n", store);
    await queue.putMany([5, 100, 7]);
    const done: number[] = [];
    const aborted: number[] = [];
    const working = createTask(() =>
      worker(queue, async (n, job) => {
        job.signal.addEventListener("abort", () => aborted.push(n));
        await sleep(n);
        done.push(n);
      }, { concurrency: 2, grace: 20 })
    );
    await sleep(1);
    await queue.shutdown();
    await working;
    assertEquals([now(), done, aborted], [21, [5], [100]]);
    const other = new DurableQueue<number>("n", store);
    for (const value of [100, 7]) {
      const job = await other.get();
      assertEquals([job.value, job.attempt, now()], [value, 1, 21]);
      await job.done();
    }
  }),
);

Deno.test(
  "worker() that is cancelled gives its jobs back at once",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const queue = new DurableQueue<string>("n", store);
    await queue.put("a");
    const working = createTask(() => worker(queue, () => sleep(100)));
    await sleep(1);
    working.cancel();
    await assertRejects(async () => await working, CancelledError);
    const job = await queue.get();
    assertEquals([job.attempt, now()], [1, 1]);
    await job.done();
  }),
);

Deno.test(
  "worker() that is cancelled reaches a job that awaits by its signal",
  inVirtualTime(async () => {
    const queue = new DurableQueue<string>("n", new MemoryStore());
    await queue.put("a");
    const working = createTask(() =>
      worker(queue, (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }))
    );
    await sleep(1);
    working.cancel();
    await assertRejects(async () => await working, CancelledError);
    assertEquals((await queue.get()).attempt, 1);
  }, { patience: 0.01 }),
);

Deno.test(
  "worker() ends with what a job throws after it has ended itself",
  inVirtualTime(async () => {
    const queue = new DurableQueue<string>("n", new MemoryStore());
    await queue.putMany(["a", "b"]);
    await assertRejects(
      () =>
        worker(queue, async (_, job) => {
          await job.done();
          throw new Error("late");
        }),
      Error,
      "late",
    );
    assertEquals((await queue.get()).value, "b");
  }),
);

Deno.test(
  "worker() cancels a job whose lease is lost",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const queue = new DurableQueue<string>("n", store);
    await queue.put("a");
    let ended = -1;
    const working = createTask(() =>
      worker(queue, async () => {
        try {
          await sleep(1000);
        } finally {
          ended = now();
        }
      })
    );
    await sleep(1);
    const loop = getRunningLoop() as unknown as { advance(s: number): void };
    loop.advance(60);
    const [lease] = (await store.lease("n", 1, 1000)).leases;
    await sleep(1);
    assertEquals([lease?.attempt, ended], [2, 61]);
    await queue.shutdown();
    await working;
  }),
);

Deno.test(
  "worker() is done with a job whose result is not JSON",
  inVirtualTime(async () => {
    const reports: unknown[] = [];
    getRunningLoop().setExceptionHandler((_, { exception }) => {
      reports.push(exception);
    });
    const queue = new DurableQueue<string>("n", new MemoryStore());
    const id = await queue.put("a");
    const working = createTask(() => worker(queue, () => new Map()));
    await queue.join();
    await queue.shutdown();
    await working;
    assertEquals(await queue.result(id), undefined);
    assert(reports[0] instanceof TypeError);
  }),
);

Deno.test(
  "worker() throws when the store is down and the queue does not wait",
  inVirtualTime(async () => {
    class BrokenStore extends MemoryStore {
      override lease(): never {
        throw new StoreDown("no answer");
      }
    }
    const store: Store = new BrokenStore();
    const queue = new DurableQueue("n", store, { whenDown: "throw" });
    await assertRejects(
      () => worker(queue, () => {}, { concurrency: 3 }),
      StoreDown,
    );
  }),
);

Deno.test("worker() loses no job wherever it is cancelled", async () => {
  await cancelEverywhere(() => {
    const store = new MemoryStore();
    const queue = new DurableQueue<string>("n", store);
    const done: string[] = [];
    return {
      body: () =>
        worker(queue, async (value) => {
          await sleep(1);
          done.push(value);
        }, { concurrency: 2 }),
      meanwhile: async () => {
        await queue.putMany(["a", "b", "c"]);
        await sleep(10);
        await queue.shutdown();
      },
      check: async () => {
        const other = new DurableQueue<string>("n", store);
        const { leased, delayed, dead } = await other.counts();
        assertEquals([leased, delayed, dead], [0, 0, 0]);
        while ((await other.counts()).ready > 0) {
          const job = await other.get();
          done.push(job.value);
          await job.done();
        }
        assertEquals(done.toSorted(), ["a", "b", "c"]);
      },
    };
  });
});

Deno.test("worker() does all jobs in any order of events", async () => {
  await explore(async (trial) => {
    const store = new MemoryStore();
    const queue = new DurableQueue<number>("n", store, { attempts: Infinity });
    const ids = await queue.putMany([1, 2, 3, 4, 5]);
    const work = () =>
      worker(
        new DurableQueue<number>("n", store, { attempts: Infinity }),
        async (n) => {
          await sleep(trial.random());
          return n;
        },
        { concurrency: 2 },
      );
    const victim = trial.mayCancel(createTask(work));
    const other = createTask(work);
    await queue.join();
    for (const each of [victim, other]) each.cancel();
    assertEquals(await gather(ids.map((id) => queue.result(id))), [
      1,
      2,
      3,
      4,
      5,
    ]);
  }, { schedules: 200, seconds: 20 });
});
