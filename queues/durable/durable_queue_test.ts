// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  gather,
  getRunningLoop,
  moveOnAfter,
  QueueEmpty,
  QueueShutDown,
  run,
  RuntimeError,
  setWarningHandler,
  sleep,
  wait,
} from "../../mod.ts";
import { cancelEverywhere, explore, inVirtualTime } from "../../testing/mod.ts";
import {
  DurableQueue,
  type Job,
  LeaseLost,
  MemoryStore,
  type Store,
  StoreDown,
} from "./mod.ts";

function now(): number {
  return getRunningLoop().time();
}

function memoryQueue(options = {}, store: Store = new MemoryStore()) {
  return new DurableQueue<string>("mail", store, options);
}

/** A store of which some methods behave differently. */
function storeWith(changes: Partial<Store>, store: Store = new MemoryStore()) {
  return new Proxy(store, {
    get(target, name) {
      if (Object.hasOwn(changes, name)) return changes[name as keyof Store];
      const value = Reflect.get(target, name);
      return typeof value === "function" && name !== "constructor"
        ? value.bind(target)
        : value;
    },
  });
}

/** Does the jobs of a queue, and returns their values in the order in which they came. */
async function drain<T>(queue: DurableQueue<T>): Promise<T[]> {
  const values: T[] = [];
  while ((await queue.counts()).ready > 0) {
    const job = await queue.get();
    values.push(job.value);
    await job.done();
  }
  return values;
}

Deno.test(
  "DurableQueue gives jobs in FIFO order",
  inVirtualTime(async () => {
    const queue = memoryQueue();
    for (const value of ["a", "b", "c"]) await queue.put(value);
    assertEquals((await queue.counts()).ready, 3);
    assertEquals(await drain(queue), ["a", "b", "c"]);
    assertEquals(await queue.counts(), {
      ready: 0,
      delayed: 0,
      leased: 0,
      dead: 0,
    });
  }),
);

Deno.test(
  "DurableQueue.get() waits for a job of any handle",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const got = createTask(() => memoryQueue({}, store).get());
    await sleep(5);
    assertFalse(got.done());
    await memoryQueue({}, store).put("hello");
    const job = await got;
    assertEquals(job.value, "hello");
    assertEquals(job.attempt, 1);
    assertEquals(job.key, null);
    await job.done();
  }),
);

Deno.test(
  "DurableQueue.put() with a delay makes the job ready later",
  inVirtualTime(async () => {
    const queue = memoryQueue();
    await queue.put("later", { delay: 60 });
    assertEquals((await queue.counts()).delayed, 1);
    const job = await queue.get();
    assertEquals(now(), 60);
    await job.done();
  }),
);

Deno.test(
  "DurableQueue.put() with the same key is one job for a time",
  inVirtualTime(async () => {
    const queue = memoryQueue({ keepKeys: 100 });
    const ids = await gather([
      queue.put("a", { key: "k" }),
      queue.put("b", { key: "k" }),
      queue.put("c", { key: "other" }),
    ]);
    assertEquals(ids[0], ids[1]);
    assertEquals(await drain(queue), ["a", "c"]);
    assertEquals(await queue.put("d", { key: "k" }), ids[0]);
    assertEquals(await drain(queue), []);
    await sleep(101);
    assert(await queue.put("e", { key: "k" }) !== ids[0]);
    assertEquals(await drain(queue), ["e"]);
  }),
);

Deno.test(
  "DurableQueue.putMany() puts in order, with keys",
  inVirtualTime(async () => {
    const queue = memoryQueue();
    const ids = await queue.putMany(["a", "b", "a"], { key: (each) => each });
    assertEquals(ids[0], ids[2]);
    assertEquals(await queue.putMany([]), []);
    assertEquals(await drain(queue), ["a", "b"]);
  }),
);

Deno.test(
  "DurableQueue.put() shares a call to the store among tasks",
  inVirtualTime(async () => {
    const sizes: number[] = [];
    const inner = new MemoryStore();
    const store = storeWith({
      put: (queue, jobs) => {
        sizes.push(jobs.length);
        return inner.put(queue, jobs);
      },
    }, inner);
    const queue = memoryQueue({}, store);
    await gather(Array.from({ length: 50 }, (_, i) => queue.put(`${i}`)));
    assertEquals(sizes, [50]);
  }),
);

Deno.test("DurableQueue.put() refuses what is not JSON", () => {
  const queue = new DurableQueue<unknown>("mail", new MemoryStore());
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  for (
    const [value, received] of [
      [undefined, "undefined"],
      [() => 1, "a function"],
      [1n, "1n"],
      [NaN, "NaN"],
      [{ a: [1, new Date()] }, "an instance of Date at .a[1]"],
      [new Map(), "an instance of Map"],
      [[undefined], "undefined at [0]"],
      [circle, "an object that contains itself at .self"],
    ] as const
  ) {
    assertThrows(
      () => queue.put(value),
      TypeError,
      `The value of put() must be JSON: received ${received}`,
    );
  }
});

Deno.test(
  "DurableQueue.put() takes any JSON as it is",
  inVirtualTime(async () => {
    const queue = new DurableQueue<unknown>("any", new MemoryStore());
    const values = [
      null,
      0,
      "",
      "\0\ud800",
      [],
      [[null]],
      { a: { b: [1.5, true] } },
      Object.assign(Object.create(null), { x: 1 }),
    ];
    for (const value of values) {
      await queue.put(value);
      const job = await queue.get();
      assertEquals(JSON.stringify(job.value), JSON.stringify(value));
      await job.done();
    }
  }),
);

Deno.test(
  "DurableQueue.getNowait() does not wait",
  inVirtualTime(async () => {
    const queue = memoryQueue();
    await assertRejects(async () => await queue.getNowait(), QueueEmpty);
    await queue.put("a");
    assertEquals((await queue.getNowait()).value, "a");
  }),
);

Deno.test(
  "DurableQueue.result() keeps the result for a time",
  inVirtualTime(async () => {
    const queue = memoryQueue({ keepResults: 100 });
    const id = await queue.put("a");
    assertEquals(await queue.result(id), undefined);
    const job = await queue.get();
    await job.done({ sent: true });
    await job.done({ sent: true });
    assertEquals(await queue.result(id), { sent: true });
    await sleep(101);
    assertEquals(await queue.result(id), undefined);
  }),
);

Deno.test(
  "Job renews its lease while it is being done",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const queue = memoryQueue({ lease: 30 }, store);
    await queue.put("slow");
    const job = await queue.get();
    await sleep(1000);
    assertEquals((await queue.counts()).leased, 1);
    assertFalse(job.signal.aborted);
    await job.done();
  }),
);

Deno.test(
  "Job that is left without an end is back at once",
  inVirtualTime(async () => {
    const queue = memoryQueue();
    await queue.put("a");
    {
      await using job = await queue.get();
      assertEquals(job.attempt, 1);
    }
    const job = await queue.get();
    assertEquals(now(), 0);
    assertEquals(job.attempt, 2);
    await job.done();
  }),
);

Deno.test("A worker that is killed loses its job after the lease", async () => {
  const store = new MemoryStore();
  await inVirtualTime(async () => {
    await memoryQueue({}, store).put("a");
    // The loop ends with it, and so does the renewal.
    await memoryQueue({}, store).get();
  })();
  await inVirtualTime(async () => {
    const job = await memoryQueue({}, store).get();
    assertEquals(now(), 30);
    assertEquals(job.attempt, 2);
    await job.done();
  })();
});

Deno.test(
  "Job.done() throws LeaseLost once another lease has begun",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const queue = memoryQueue({}, store);
    await queue.put("a");
    const job = await queue.get();
    const loop = getRunningLoop() as unknown as { advance(s: number): void };
    loop.advance(60);
    const other = await memoryQueue({}, store).get();
    assertEquals(other.attempt, 2);
    await assertRejects(() => job.done(), LeaseLost);
    await assertRejects(() => job.done(), LeaseLost);
    await other.done();
  }),
);

Deno.test(
  "Job.signal aborts when the lease is lost",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const queue = memoryQueue({}, store);
    await queue.put("a");
    const { signal } = await queue.get();
    const loop = getRunningLoop() as unknown as { advance(s: number): void };
    loop.advance(60);
    const other = await memoryQueue({}, store).get();
    await sleep(0);
    await sleep(1);
    assert(signal.aborted);
    assert(signal.reason instanceof LeaseLost);
    await other.done();
  }),
);

Deno.test(
  "Job.signal aborts when the lease ends while the store is down",
  inVirtualTime(async () => {
    let isDown = false;
    const inner = new MemoryStore();
    const store = storeWith({
      renew: (queue, leases, seconds) => {
        if (isDown) throw new StoreDown("no answer");
        return inner.renew(queue, leases, seconds);
      },
    }, inner);
    const queue = memoryQueue({}, store);
    await queue.put("a");
    const job = await queue.get();
    const { signal } = job;
    await sleep(100);
    isDown = true;
    await sleep(15);
    assertFalse(signal.aborted);
    await sleep(20);
    assert(signal.aborted);
    // No other worker has it, so that it is done after all.
    await job.done();
    assertEquals((await queue.counts()).ready, 0);
  }),
);

Deno.test(
  "Job.signal aborts when a renewal is never answered",
  inVirtualTime(async () => {
    const store = storeWith({ renew: () => new Promise(() => {}) });
    const queue = memoryQueue({}, store);
    await queue.put("a");
    const { signal } = await queue.get();
    await sleep(29);
    assertFalse(signal.aborted);
    await sleep(5);
    assert(signal.aborted);
  }, { patience: 0.001 }),
);

Deno.test(
  "Job.retry() makes the job ready after a delay, and dead at last",
  inVirtualTime(async () => {
    const queue = memoryQueue({ attempts: 3, delay: 10 });
    const id = await queue.put("a");
    for (const attempt of [1, 2, 3]) {
      const job = await queue.get();
      assertEquals([job.attempt, now()], [attempt, (attempt - 1) * 10]);
      await job.retry({ reason: new RangeError(`no ${attempt}`) });
      await job.retry();
    }
    assertEquals((await queue.counts()).dead, 1);
    const letters = await Array.fromAsync(queue.dead());
    assertEquals(
      letters.map(({ id, value, attempts, errors }) => ({
        id,
        value,
        attempts,
        errors: errors.map(({ attempt, reason }) => [attempt, reason]),
      })),
      [{
        id,
        value: "a",
        attempts: 3,
        errors: [[1, "RangeError: no 1"], [2, "RangeError: no 2"], [
          3,
          "RangeError: no 3",
        ]],
      }],
    );
    await queue.putBack(id);
    const job = await queue.get();
    assertEquals(job.attempt, 1);
    await job.done();
    await assertRejects(async () => await queue.putBack(id), RangeError);
  }),
);

Deno.test(
  "Job.retry() takes its delay from a function of the queue",
  inVirtualTime(async () => {
    const seen: unknown[] = [];
    const queue = memoryQueue({
      delay: (attempt: number, error: unknown) => {
        seen.push(attempt, error);
        return 7;
      },
    });
    await queue.put("a");
    await (await queue.get()).retry({ reason: "no" });
    assertEquals(seen, [1, "no"]);
    await queue.get();
    assertEquals(now(), 7);
  }),
);

Deno.test(
  "Job.dead() ends the job at the first attempt",
  inVirtualTime(async () => {
    const queue = memoryQueue();
    await queue.put("a");
    const job = await queue.get();
    await job.dead({ code: 550 });
    const [letter] = await Array.fromAsync(queue.dead());
    assertEquals(letter?.errors[0]?.reason, '{"code":550}');
    await assertRejects(() => job.done(), RuntimeError, "it is dead already");
  }),
);

Deno.test(
  "A job whose workers are killed is dead after the last attempt",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const { id } = { id: await memoryQueue({}, store).put("poison") };
    for (let attempt = 1; attempt <= 2; attempt++) {
      await store.lease("mail", 1, 10);
      await sleep(11);
    }
    const queue = memoryQueue({ attempts: 2 }, store);
    await assertRejects(async () => await queue.getNowait(), QueueEmpty);
    await queue.shutdown();
    const [letter] = await Array.fromAsync(
      memoryQueue({}, store).dead(),
    );
    assertEquals([letter?.id, letter?.attempts], [id, 3]);
  }),
);

Deno.test(
  "DurableQueue.join() waits for all jobs of all handles",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const queue = memoryQueue({}, store);
    await queue.join();
    await queue.put("a");
    await queue.put("b", { delay: 10 });
    const joined = createTask(() => queue.join());
    const other = memoryQueue({}, store);
    await (await other.get()).done();
    await sleep(1);
    assertFalse(joined.done());
    const job = await other.get();
    await sleep(100);
    assertFalse(joined.done());
    await job.dead("no");
    await joined;
    assertEquals(now(), 110);
  }),
);

Deno.test(
  "DurableQueue.shutdown() ends what waits, and leaves jobs alone",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const queue = memoryQueue({}, store);
    await queue.put("a");
    const job = await queue.get();
    const waiting = createTask(() => queue.get());
    const iterating = createTask(async () => {
      for await (const _ of queue);
    });
    await sleep(1);
    await queue.shutdown();
    await assertRejects(async () => await waiting, QueueShutDown);
    await iterating;
    await assertRejects(async () => await queue.put("b"), QueueShutDown);
    await assertRejects(async () => await queue.get(), QueueShutDown);
    await sleep(100);
    await job.done();
    assertEquals((await queue.counts()).ready, 0);
    await memoryQueue({}, store).put("for another handle");
  }),
);

Deno.test(
  "DurableQueue.put() waits while the store is down, or throws",
  inVirtualTime(async () => {
    const inner = new MemoryStore();
    let isDown = true;
    const store = storeWith({
      put: (queue, jobs) => {
        if (isDown) throw new StoreDown("no answer");
        return inner.put(queue, jobs);
      },
    }, inner);
    const impatient = memoryQueue({ whenDown: "throw" }, store);
    await assertRejects(async () => await impatient.put("a"), StoreDown);
    const queue = memoryQueue({}, store);
    const put = createTask(() => queue.put("a"));
    const warnings: string[] = [];
    setWarningHandler((message) => warnings.push(message));
    try {
      await sleep(60);
    } finally {
      setWarningHandler(null);
    }
    assertFalse(put.done());
    assertEquals(warnings, [
      'The durable queue "mail" waits for its store, which is down: no answer',
    ]);
    isDown = false;
    await put;
    assertEquals(await drain(queue), ["a"]);
  }),
);

Deno.test(
  "DurableQueue.shutdown() ends even if a get() waits for a store that is down",
  inVirtualTime(async () => {
    const inner = new MemoryStore();
    let isDown = true;
    const store = storeWith({
      lease(...args) {
        if (isDown) throw new StoreDown("no answer");
        return inner.lease(...args);
      },
    }, inner);
    const queue = memoryQueue({}, store);
    const got = createTask(() => queue.get());
    await sleep(0);
    isDown = false;
    await queue.shutdown();
    await assertRejects(async () => await got, QueueShutDown);
  }),
);

Deno.test(
  "DurableQueue.put() whose answer is lost is one job",
  inVirtualTime(async () => {
    const inner = new MemoryStore();
    let losses = 2;
    const store = storeWith({
      put: async (queue, jobs) => {
        const ids = await inner.put(queue, jobs);
        if (losses-- > 0) throw new StoreDown("the connection is lost");
        return ids;
      },
    }, inner);
    const queue = memoryQueue({}, store);
    await queue.put("a");
    assertEquals(await drain(queue), ["a"]);
  }),
);

Deno.test(
  "Job.done() whose answer is lost can be repeated",
  inVirtualTime(async () => {
    const inner = new MemoryStore();
    let losses = 1;
    const store = storeWith({
      settle: async (queue, settlements) => {
        const held = await inner.settle(queue, settlements);
        if (losses-- > 0) throw new StoreDown("the connection is lost");
        return held;
      },
    }, inner);
    const queue = memoryQueue({ whenDown: "throw" }, store);
    const id = await queue.put("a");
    const job = await queue.get();
    await assertRejects(() => job.done(1), StoreDown);
    await job.done(1);
    await job[Symbol.asyncDispose]();
    assertEquals(await queue.result(id), 1);
    assertEquals((await queue.counts()).ready, 0);
  }),
);

Deno.test(
  "DurableQueue.get() that is cancelled takes no job",
  inVirtualTime(async () => {
    const queue = memoryQueue();
    await queue.put("a");
    await moveOnAfter(0, () => queue.get());
    const waiting = createTask(() => queue.get());
    await sleep(0);
    waiting.cancel();
    await assertRejects(async () => await waiting, CancelledError);
    const job = await queue.get();
    assertEquals([job.attempt, now()], [1, 0]);
    await job.done();
    await queue.shutdown();
  }),
);

Deno.test("DurableQueue.get() loses nothing wherever it is cancelled", async () => {
  const awaits = await cancelEverywhere(() => {
    const store = new MemoryStore();
    const queue = memoryQueue({}, store);
    const done: string[] = [];
    const work = async () => {
      for (let i = 0; i < 2; i++) {
        await using job = await queue.get();
        await job.done();
        done.push(job.value);
      }
    };
    return {
      body: work,
      meanwhile: async () => {
        await queue.putMany(["a", "b"]);
      },
      check: async () => {
        await queue.shutdown();
        const other = memoryQueue({}, store);
        const rest = await drain(other);
        const { leased, delayed } = await other.counts();
        assertEquals([leased, delayed], [0, 0]);
        // Cancelled after done(), a value is in neither list.
        const all = [...done, ...rest];
        assert(all.length <= 2 && new Set(all).size === all.length);
      },
    };
  });
  assert(awaits >= 4, `${awaits}`);
});

Deno.test("DurableQueue.put() is one job wherever it is cancelled", async () => {
  await cancelEverywhere(() => {
    const queue = memoryQueue();
    return {
      body: () => queue.put("a", { key: "k" }),
      check: async () => {
        await queue.put("a", { key: "k" });
        assertEquals(await drain(queue), ["a"]);
        await queue.shutdown();
      },
    };
  });
});

Deno.test("DurableQueue does each job once in any order of events", async () => {
  await explore(async (trial) => {
    const store = new MemoryStore();
    const producer = memoryQueue({}, store);
    const done: string[] = [];
    const values = ["a", "b", "c", "d"];
    const work = async (queue: DurableQueue<string>) => {
      for await (const job of queue) {
        await using _ = job;
        await sleep(trial.random());
        done.push(job.value);
        await job.done();
      }
    };
    const queues = [memoryQueue({}, store), memoryQueue({}, store)];
    const victim = trial.mayCancel(
      createTask(async () => {
        const job = await queues[0]!.get();
        await job[Symbol.asyncDispose]();
      }),
    );
    const workers = queues.map((queue) => createTask(() => work(queue)));
    await gather(values.map((value) => producer.put(value)));
    await producer.join();
    for (const queue of queues) await queue.shutdown();
    await wait([...workers, victim]);
    for (const each of workers) each.result();
    // It may have found no job before the queue was shut down.
    if (!victim.cancelled()) victim.exception();
    // A timer that expires early may end a lease, and then a job is done twice.
    assertEquals([...new Set(done)].toSorted(), values);
    const { ready, leased, dead } = await producer.counts();
    assertEquals([ready, leased, dead], [0, 0, 0]);
  }, { schedules: 300, seconds: 20 });
});

Deno.test(
  "DurableQueue refuses what its store does not guarantee",
  inVirtualTime(async () => {
    const store = storeWith({
      guarantees: {
        fencing: false,
        delays: false,
        keys: false,
        results: false,
        transactions: false,
      },
    });
    const queue = memoryQueue({}, store);
    for (
      const [options, what] of [
        [{ key: "k" }, "put() with a key"],
        [{ delay: 1 }, "put() with a delay"],
        [{ within: () => {} }, "put() within a transaction"],
      ] as const
    ) {
      assertThrows(
        () => queue.put("a", options),
        Deno.errors.NotSupported,
        `Cannot use ${what} as the MemoryStore does not guarantee`,
      );
    }
    assertThrows(() => queue.result("x"), Deno.errors.NotSupported);
    await queue.put("a");
    const job = await queue.get();
    await assertRejects(() => job.done(1), Deno.errors.NotSupported);
    await assertRejects(
      () => job.retry({ after: 1 }),
      Deno.errors.NotSupported,
      "Cannot use retry() with a delay",
    );
    await sleep(1);
    await job.done();
  }),
);

Deno.test(
  "Job.done() is refused late where the store does not fence",
  inVirtualTime(async () => {
    const store = storeWith({
      guarantees: { ...new MemoryStore().guarantees, fencing: false },
      renew: () => {
        throw new StoreDown("no answer");
      },
    });
    const queue = memoryQueue({}, store);
    await queue.put("a");
    const job: Job<string> = await queue.get();
    await sleep(40);
    await assertRejects(() => job.done(), LeaseLost);
  }),
);

Deno.test("DurableQueue can be used in one event loop after the other", async () => {
  const queue = memoryQueue();
  await queue.put("a");
  await run(async () => {
    await queue.put("b");
    assertEquals(await drain(queue), ["a", "b"]);
  });
  const waiting = queue.get();
  await run(async () => {
    await assertRejects(
      async () => await queue.put("c"),
      RuntimeError,
      "in use in another event loop",
    );
  });
  waiting.cancel();
  await queue.shutdown();
});

Deno.test("Job renews its lease after its queue was left in another loop", async () => {
  const store = new MemoryStore();
  const queue = memoryQueue({}, store);
  await inVirtualTime(async () => {
    await queue.put("left");
    await queue.get();
  })();
  await inVirtualTime(async () => {
    await queue.put("kept");
    const job = await queue.get();
    await sleep(100);
    assertFalse(job.signal.aborted);
    await job.done();
  })();
});

Deno.test(
  "Job is lost after a pause for which another worker has waited",
  inVirtualTime(async () => {
    const store = new MemoryStore();
    const queue = memoryQueue({}, store);
    await queue.put("a");
    const job = await queue.get();
    const { signal } = job;
    const waiting = createTask(() => memoryQueue({}, store).get());
    await sleep(1);
    const loop = getRunningLoop() as unknown as { advance(s: number): void };
    loop.advance(60);
    const other = await waiting;
    assertEquals(other.attempt, 2);
    assert(signal.aborted);
    await assertRejects(() => job.done(), LeaseLost);
    await other.done();
  }),
);

Deno.test("DurableQueue refuses wrong arguments", () => {
  const store = new MemoryStore();
  for (
    const [make, message] of [
      [() => new DurableQueue("", store), "The name of a DurableQueue"],
      [() => new DurableQueue("a\0", store), "The name of a DurableQueue"],
      [
        () => new DurableQueue("a", {} as Store),
        "The store of a DurableQueue must be a Store: received an instance of Object",
      ],
      [() => memoryQueue({ lease: 0 }), "greater than 0: received 0"],
      [() => memoryQueue({ attempts: 0 }), "of at least 1: received 0"],
      [() => memoryQueue({ delay: "1" }), 'received "1"'],
      [() => memoryQueue({ whenDown: "x" }), '"wait" or "throw"'],
      [() => memoryQueue().put("a", { key: "" }), "The key of put()"],
      [() => memoryQueue().put("a", { delay: NaN }), "received NaN"],
    ] as const
  ) assertThrows(make, Error, message);
});
