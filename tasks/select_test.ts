// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  after,
  Broadcast,
  CancelledError,
  createTask,
  Event,
  Future,
  getRunningLoop,
  type Guard,
  LifoQueue,
  Lock,
  PriorityQueue,
  putting,
  Queue,
  QueueShutDown,
  run,
  RuntimeError,
  select,
  type Selectable,
  Semaphore,
  sleep,
  type Task,
  wait,
  waitFor,
  Watched,
} from "../mod.ts";
import { inVirtualTime, type VirtualTimeLoop } from "../testing/mod.ts";

/** Starts a task, and lets it wait. */
async function begin<T>(
  body: () => PromiseLike<T>,
): Promise<{ task: Task<T> }> {
  const task = createTask(async () => await body());
  await sleep(0);
  assertFalse(task.done());
  return { task };
}

/** Cancels a task, and waits until it has ended. */
async function cancel(task: Task<unknown>): Promise<void> {
  task.cancel();
  await assertRejects(() => task, CancelledError);
}

function queueOf<T>(...items: T[]): Queue<T> {
  const queue = new Queue<T>();
  for (const item of items) queue.putNowait(item);
  return queue;
}

/** A kind of source: how to make one that is not ready, and how to make it so. */
interface Kind {
  readonly make: () => Promise<{
    readonly source: Selectable;
    readonly ready: () => unknown;
    /** Whether the source still has what was not taken. */
    readonly isUntouched: () => boolean;
  }>;
  readonly value: unknown;
}

/** Stands for the guard that is taken from a lock or a semaphore. */
const GUARD = "a guard";

const KINDS: Record<string, Kind> = {
  "a Queue": {
    make: () => {
      const source = new Queue<string>();
      return Promise.resolve({
        source,
        ready: () => source.putNowait("item"),
        isUntouched: () => source.qsize() === 1,
      });
    },
    value: "item",
  },
  "a PriorityQueue": {
    make: () => {
      const source = new PriorityQueue<number>();
      return Promise.resolve({
        source,
        ready: () => source.putNowait(1),
        isUntouched: () => source.qsize() === 1,
      });
    },
    value: 1,
  },
  "a LifoQueue": {
    make: () => {
      const source = new LifoQueue<number>();
      return Promise.resolve({
        source,
        ready: () => source.putNowait(1),
        isUntouched: () => source.qsize() === 1,
      });
    },
    value: 1,
  },
  "putting()": {
    make: () => {
      const queue = new Queue<string>(1);
      queue.putNowait("a");
      return Promise.resolve({
        source: putting(queue, "b"),
        ready: () => queue.getNowait(),
        isUntouched: () => queue.empty(),
      });
    },
    value: undefined,
  },
  "a Subscription": {
    make: () => {
      const broadcast = new Broadcast<string>();
      const source = broadcast.subscribe();
      return Promise.resolve({
        source,
        ready: () => broadcast.publishNowait("item"),
        isUntouched: () => source.qsize() === 1,
      });
    },
    value: "item",
  },
  "a Watched": {
    make: () => {
      const source = new Watched("old");
      return Promise.resolve({
        source,
        ready: () => source.set("new"),
        isUntouched: () => String(source) === "<Watched watchers=0>",
      });
    },
    value: "new",
  },
  "an Event": {
    make: () => {
      const source = new Event();
      return Promise.resolve({
        source,
        ready: () => source.set(),
        isUntouched: () => String(source) === "<Event [set]>",
      });
    },
    value: true,
  },
  "a Lock": {
    make: async () => {
      const source = new Lock();
      await source.acquire();
      return {
        source,
        ready: () => source.release(),
        isUntouched: () => String(source) === "<Lock [unlocked]>",
      };
    },
    value: GUARD,
  },
  "a Semaphore": {
    make: async () => {
      const source = new Semaphore();
      await source.acquire();
      return {
        source,
        ready: () => source.release(),
        isUntouched: () => String(source) === "<Semaphore [unlocked, value:1]>",
      };
    },
    value: GUARD,
  },
  "a Future": {
    make: () => {
      const source = new Future<string>();
      return Promise.resolve({
        source,
        ready: () => source.setResult("result"),
        isUntouched: () => source.result() === "result",
      });
    },
    value: "result",
  },
  "a Task": {
    make: () => {
      const event = new Event();
      const source = createTask(() => event.wait());
      return Promise.resolve({
        source,
        ready: () => event.set(),
        isUntouched: () => source.result(),
      });
    },
    value: true,
  },
  "after()": {
    make: () =>
      Promise.resolve({
        source: after(1),
        ready: () => (getRunningLoop() as VirtualTimeLoop).advance(1),
        isUntouched: () => true,
      }),
    value: undefined,
  },
};

/** Releases a guard; returns what stands for the value. */
function settled(value: unknown): unknown {
  if (typeof value !== "object") return value;
  (value as Guard).release();
  return GUARD;
}

for (const [name, { make, value }] of Object.entries(KINDS)) {
  Deno.test(
    `select() takes from ${name} when it becomes ready`,
    inVirtualTime(async () => {
      const { source, ready } = await make();
      const { task } = await begin(() =>
        select({ other: new Queue(), source })
      );
      ready();
      const won = await task;
      assertEquals([won.key, settled(won.value)], ["source", value]);
    }),
  );

  if (name !== "a Watched" && name !== "after()") {
    Deno.test(
      `select() takes from ${name} at once if it is ready`,
      inVirtualTime(async () => {
        const { source, ready } = await make();
        ready();
        await sleep(0.1);
        let ran = false;
        createTask(() => ran = true);
        const won = await select({ other: new Queue(), source });
        assertFalse(ran);
        assertEquals([won.key, settled(won.value)], ["source", value]);
      }),
    );
  }

  Deno.test(
    `select() takes nothing from ${name} if it chooses another source`,
    inVirtualTime(async () => {
      const { source, ready, isUntouched } = await make();
      const event = new Event();
      const { task } = await begin(() => select({ first: event, source }));
      // Both are ready in the same turn.
      ready();
      event.set();
      assertEquals((await task).key, "first");
      await sleep(0.1);
      assert(isUntouched());
    }),
  );

  for (const moment of ["while it waits", "after its wake-up"]) {
    Deno.test(
      `select() that is cancelled ${moment} takes nothing from ${name}`,
      inVirtualTime(async () => {
        const { source, ready, isUntouched } = await make();
        const { task } = await begin(() => select({ source }));
        if (moment === "while it waits") {
          await cancel(task);
          ready();
        } else {
          ready();
          await cancel(task);
        }
        await sleep(0.1);
        assert(isUntouched());
      }),
    );
  }
}

Deno.test("select() gives a key and a value whose types belong together", () =>
  run(async () => {
    const won = await select({
      job: queueOf("a"),
      stop: new Event(),
      guard: new Lock(),
      answer: new Future<number>(),
      news: new Broadcast<Date>().subscribe(),
      config: new Watched({ level: 1 }),
      late: after(1),
      put: putting(new Queue<number>(1), 1),
    });
    type Won = typeof won;
    type ValueOf<K extends Won["key"]> = Extract<Won, { key: K }>["value"];
    assertType<IsExact<ValueOf<"job">, string>>(true);
    assertType<IsExact<ValueOf<"stop">, true>>(true);
    assertType<IsExact<ValueOf<"guard">, Guard>>(true);
    assertType<IsExact<ValueOf<"answer">, number>>(true);
    assertType<IsExact<ValueOf<"news">, Date>>(true);
    assertType<IsExact<ValueOf<"config">, { level: number }>>(true);
    assertType<IsExact<ValueOf<"late">, void>>(true);
    assertType<IsExact<ValueOf<"put">, void>>(true);
    assert(won.key === "job");
    assertType<IsExact<typeof won.value, string>>(true);
    assertEquals(won, { key: "job", value: "a" });
  }));

Deno.test("select() takes the first in the order given of those that are ready", () =>
  run(async () => {
    const first = queueOf(1);
    const second = queueOf(2);
    const never = new Event();
    assertEquals(await select({ never, second, first }), {
      key: "second",
      value: 2,
    });
    assertEquals([first.qsize(), second.qsize()], [1, 0]);
  }));

Deno.test("select() refuses what is not a source, before anything is taken", () =>
  run(() => {
    const queue = queueOf(1);
    const wrong: [unknown, string][] = [
      [5, "received 5"],
      [null, "received null"],
      [Promise.resolve(1), "received an instance of Promise"],
      [() => queue, "received a function"],
      [{}, "received an instance of Object"],
    ];
    for (const [source, received] of wrong) {
      assertThrows(
        () => select({ queue, source } as Record<string, Selectable>),
        TypeError,
        `The source "source" of select() must be a queue, a subscription, a watched value, an event, a lock, a semaphore, a future, after() or putting(): ${received}`,
      );
    }
    assertEquals(queue.qsize(), 1);
    assertThrows(
      () => select({}),
      RangeError,
      "The sources of select() must be one or more: received none",
    );
    assertThrows(
      () => select(null as unknown as Record<string, Selectable>),
      TypeError,
      "The sources of select() must be an object, as in select({ job: queue }): received null",
    );
  }));

Deno.test("select() refuses a primitive's own operation and names the primitive", () =>
  run(async () => {
    const queue = new Queue<number>(1);
    const full = new Queue<number>(1);
    const lock = new Lock();
    const semaphore = new Semaphore(0);
    const event = new Event();
    const subscription = new Broadcast().subscribe();
    const watched = new Watched(1);
    full.putNowait(1);
    await lock.acquire();
    const ready = new Queue<number>();
    for (const item of [1, 2]) ready.putNowait(item);
    const set = new Event();
    set.set();
    const wrong: [Future<unknown>, string, string][] = [
      [ready.get(), "the queue itself", "Queue.get()"],
      [
        ready[Symbol.asyncIterator]().next() as Future<unknown>,
        "the queue itself",
        "Queue.get()",
      ],
      [ready.put(1), "putting(queue, item)", "Queue.put()"],
      [new Lock().acquire(), "the lock itself", "Lock.acquire()"],
      [
        new Semaphore(1).acquire(),
        "the semaphore itself",
        "Semaphore.acquire()",
      ],
      [set.wait(), "the event itself", "Event.wait()"],
      [queue.get(), "the queue itself", "Queue.get()"],
      [
        queue[Symbol.asyncIterator]().next() as Future<unknown>,
        "the queue itself",
        "Queue.get()",
      ],
      [full.put(1), "putting(queue, item)", "Queue.put()"],
      [lock.acquire(), "the lock itself", "Lock.acquire()"],
      [semaphore.acquire(), "the semaphore itself", "Semaphore.acquire()"],
      [event.wait(), "the event itself", "Event.wait()"],
      [
        subscription.get(),
        "the subscription itself",
        "Subscription.get()",
      ],
      [watched.changed(), "the watched value itself", "Watched.changed()"],
    ];
    for (const [source, expected, name] of wrong) {
      assertThrows(
        () => select({ source }),
        TypeError,
        `The source "source" of select() must be ${expected}: received the future of ${name}`,
      );
      if (source.done()) continue;
      source.cancel();
      await assertRejects(() => source, CancelledError);
    }
  }));

Deno.test("putting() refuses what is not a queue", () => {
  assertThrows(
    () => putting(new Event() as unknown as Queue<number>, 1),
    TypeError,
    "The queue of putting() must be a Queue: received an instance of Event",
  );
});

Deno.test("select() waits in line with other tasks", () =>
  run(async () => {
    const queue = new Queue<number>();
    const log: string[] = [];
    const get = (name: string) =>
      createTask(async () => {
        log.push(`${name} ${await queue.get()}`);
      });
    const choose = (name: string) =>
      createTask(async () => {
        const { value } = await select({ never: new Event(), queue });
        log.push(`${name} ${value}`);
      });
    const tasks = [get("a"), choose("b"), get("c"), choose("d")];
    await sleep(0);
    for (const item of [1, 2, 3, 4]) queue.putNowait(item);
    await wait(tasks);
    assertEquals(log, ["a 1", "b 2", "c 3", "d 4"]);
  }));

Deno.test("select() passes on at once what it was woken for and does not choose", () =>
  run(async () => {
    const queue = new Queue<number>();
    const event = new Event();
    const { task } = await begin(() => select({ event, queue }));
    const { task: next } = await begin(() => queue.get());
    queue.putNowait(1);
    event.set();
    assertEquals((await task).key, "event");
    assertEquals(await next, 1);
  }));

Deno.test("select() waits on if another task takes the item first", () =>
  run(async () => {
    const queue = new Queue<number>();
    const { task } = await begin(() => select({ queue, never: new Event() }));
    queue.putNowait(1);
    assertEquals(queue.getNowait(), 1);
    await sleep(0);
    assertFalse(task.done());
    queue.putNowait(2);
    assertEquals((await task).value, 2);
  }));

Deno.test("select() goes to the end of the line if another task takes the item first", () =>
  run(async () => {
    const queue = new Queue<number>();
    const other = new Queue<number>();
    const { task } = await begin(() => select({ queue, other }));
    queue.putNowait(1);
    assertEquals(queue.getNowait(), 1);
    await sleep(0);
    const { task: next } = await begin(() => queue.get());
    other.putNowait(2);
    assertEquals(await task, { key: "other", value: 2 });
    assertEquals(String(queue), "<Queue maxSize=0 size=0 getters=1 tasks=1>");
    queue.putNowait(3);
    assertEquals(await next, 3);
  }));

Deno.test("select() that is cancelled leaves the line at once", () =>
  run(async () => {
    const queue = new Queue<number>();
    const choice = select({ queue });
    choice.cancel();
    assertEquals(String(queue), "<Queue maxSize=0 size=0>");
    await assertRejects(() => choice, CancelledError);
  }));

Deno.test("select() wakes a later task when its own cancelled wait was the first in line", () =>
  run(async () => {
    const lock = new Lock();
    const guard = await lock.acquire();
    const { task } = await begin(() => select({ lock, never: new Event() }));
    const { task: next } = await begin(() => lock.acquire());
    task.cancel();
    guard.release();
    await assertRejects(() => task, CancelledError);
    (await next).release();
    assertEquals(String(lock), "<Lock [unlocked]>");
  }));

Deno.test("select() can get from and put into the same queue", () =>
  run(async () => {
    const queue = new Queue<number>(1);
    const sources = { got: queue, put: putting(queue, 1) };
    assertEquals((await select(sources)).key, "put");
    assertEquals(await select(sources), { key: "got", value: 1 });
    assertEquals(String(queue), "<Queue maxSize=1 size=0 tasks=1>");
  }));

Deno.test("select() takes one thing from a source that is given twice", () =>
  run(async () => {
    const lock = new Lock();
    const guard = await lock.acquire();
    const { task } = await begin(() => select({ a: lock, b: lock }));
    guard.release();
    const won = await task;
    assertEquals(won.key, "a");
    assert(lock.locked());
    won.value.release();
    assertEquals(String(lock), "<Lock [unlocked]>");
  }));

Deno.test("select() gives an item that is a promise as it is", () =>
  run(async () => {
    const item = Promise.resolve(1);
    const won = await select({ job: queueOf(item) });
    assertStrictEquals(won.value, item);
  }));

Deno.test("select() fails with the error of a source that fails or is shut down", () =>
  run(async () => {
    const error = new Error("failed");
    const failing = new Future<number>();
    const { task } = await begin(() => select({ never: new Event(), failing }));
    failing.setException(error);
    assertStrictEquals(await assertRejects(() => task), error);
    assertStrictEquals(await assertRejects(() => select({ failing })), error);

    const queue = new Queue<number>();
    const { task: get } = await begin(() =>
      select({ never: new Event(), queue })
    );
    const full = new Queue<number>(1);
    full.putNowait(1);
    const put = putting(full, 2);
    const { task: putter } = await begin(() => select({ put }));
    queue.shutdown();
    full.shutdown();
    await assertRejects(() => get, QueueShutDown);
    await assertRejects(() => putter, QueueShutDown);
    await assertRejects(() => select({ queue }), QueueShutDown);
    await assertRejects(() => select({ p: putting(queue, 1) }), QueueShutDown);
  }));

Deno.test("select() takes what is ready before a source that failed", () =>
  run(async () => {
    const queue = new Queue<number>();
    queue.shutdown();
    const won = await select({ job: queueOf(1), closed: queue });
    assertEquals(won, { key: "job", value: 1 });
  }));

Deno.test("select() is cancelled if a future that it watches is", () =>
  run(async () => {
    const future = new Future<number>();
    const queue = new Queue<number>();
    const { task } = await begin(() => select({ queue, future }));
    future.cancel("no longer needed");
    await assertRejects(() => task, CancelledError, "no longer needed");
    queue.putNowait(1);
    assertEquals(queue.getNowait(), 1);
  }));

Deno.test("select() only watches futures and tasks", () =>
  run(async () => {
    const future = new Future<number>();
    const worker = createTask(() => sleep(3600));
    const { task } = await begin(() => select({ future, worker }));
    await cancel(task);
    assertEquals([future.done(), worker.done()], [false, false]);
    assertEquals(
      (await select({ future, worker, late: after(0) })).key,
      "late",
    );
    assertEquals([future.done(), worker.done()], [false, false]);
    await cancel(worker);
  }));

Deno.test("select() leaves the error of a future that it did not choose unretrieved", async () => {
  const reports: string[] = [];
  await run(async () => {
    getRunningLoop().setExceptionHandler((_, { message }) => {
      reports.push(message);
    });
    const failing = createTask(() => Promise.reject(new Error("failed")), {
      name: "failing",
    });
    await select({ job: queueOf(1), failing });
    await sleep(0);
  });
  assertEquals(reports, [
    "Task exception was never retrieved: <Task 'failing' failed>",
  ]);
});

Deno.test(
  "after() starts when select() is called, each time",
  inVirtualTime(async () => {
    const late = after(5);
    await sleep(100);
    const queue = new Queue<number>();
    const start = getRunningLoop().time();
    assertEquals((await select({ queue, late })).key, "late");
    assertEquals(getRunningLoop().time() - start, 5);
    getRunningLoop().callLater(4, () => queue.putNowait(1));
    assertEquals((await select({ queue, late })).key, "queue");
    assertEquals(getRunningLoop().time() - start, 9);
    assertEquals((await select({ late })).key, "late");
    assertEquals(getRunningLoop().time() - start, 14);
  }),
);

Deno.test("after() of zero or less goes once round the ready queue", () =>
  run(async () => {
    for (const delay of [0, -1]) {
      const queue = new Queue<number>();
      assertEquals((await select({ late: after(delay), queue })).key, "late");
      createTask(() => queue.putNowait(1));
      const won = await select({ queue, late: after(delay) });
      assertEquals(won.key, "queue");
      queue.putNowait(2);
      assertEquals((await select({ late: after(delay), queue })).value, 2);
    }
  }));

Deno.test("after() checks its delay", () => {
  assertThrows(
    () => after(NaN),
    RangeError,
    "The delay of after() must be a number of seconds or a Temporal.Duration: received NaN",
  );
});

Deno.test("select() leaves no timer behind", () =>
  run(async () => {
    // The sanitizer of Deno.test() finds a timer that is left.
    await select({ late: after(3600), job: queueOf(1) });
    const { task } = await begin(() => select({ late: after(3600) }));
    await cancel(task);
  }));

Deno.test(
  "select() with a subscription to a watched value misses no change in a loop",
  inVirtualTime(async () => {
    const config = new Watched(1);
    const queue = new Queue<string>();
    const stop = new Event();
    using changes = config.watch();
    const log: unknown[] = [];
    const worker = createTask(async () => {
      while (true) {
        const won = await select({ stop, config: changes, job: queue });
        if (won.key === "stop") return;
        log.push(won.value);
        await sleep(1);
      }
    });
    queue.putNowait("a");
    await sleep(1.5);
    config.set(2);
    config.set(3);
    await sleep(1);
    stop.set();
    await worker;
    assertEquals(log, [1, "a", 3]);
  }),
);

Deno.test("select() can be given a time limit", () =>
  run(async () => {
    const queue = new Queue<number>();
    await assertRejects(() => waitFor(select({ queue }), 0.001));
    queue.putNowait(1);
    assertEquals(queue.getNowait(), 1);
  }));

Deno.test("select() fails if a source is bound to another loop, and takes nothing", async () => {
  const event = new Event();
  const [foreign] = await run(async () => {
    const { task: waiting } = await begin(() => event.wait());
    await cancel(waiting);
    return [new Future<number>()] as const;
  });
  const queue = new Queue<number>();
  await assertRejects(
    () => select({ queue, event }),
    RuntimeError,
    "Cannot wait for the event as it is bound to another event loop",
  );
  await assertRejects(
    () => select({ queue, foreign }),
    RuntimeError,
    "Cannot await a future that belongs to another event loop",
  );
  assertEquals(String(queue), "<Queue maxSize=0 size=0>");
});

Deno.test("select() passes an item on if comparing it throws", () =>
  run(async () => {
    let isBroken = false;
    const queue = new PriorityQueue<number>(0, {
      compare: (a, b) => {
        if (isBroken) throw new Error("broken");
        return a - b;
      },
    });
    const { task } = await begin(() => select({ never: new Event(), queue }));
    for (const item of [3, 2, 1]) queue.putNowait(item);
    isBroken = true;
    await assertRejects(() => task, Error, "broken");
    isBroken = false;
    assertEquals([1, 2, 3].map(() => queue.getNowait()), [1, 2, 3]);
  }));

Deno.test("select() describes itself", () =>
  run(async () => {
    const choice = select({ queue: new Queue() });
    assertEquals(String(choice), "<select() pending>");
    choice.cancel();
    await assertRejects(() => choice, CancelledError);
  }));
