// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  after,
  Broadcast,
  createTask,
  Event,
  Future,
  type Guard,
  Lock,
  putting,
  Queue,
  select,
  Semaphore,
  sleep,
  waitFor,
  Watched,
} from "../../mod.ts";
import { cancelEverywhere, type Trial } from "../../testing/mod.ts";
import {
  Askers,
  assertHeeded,
  assertSound,
  ended,
  orLate,
} from "./exploring.ts";

function drain(queue: Queue<number>): number[] {
  const items: number[] = [];
  while (!queue.empty()) items.push(queue.getNowait());
  return items;
}

for (const maxSize of [0, 1]) {
  Deno.test(`select() gets each item of Queue(${maxSize}) exactly once, in any order of events`, () =>
    assertSound(async (trial) => {
      const queues = [new Queue<number>(maxSize), new Queue<number>(maxSize)];
      const [a, b] = queues as [Queue<number>, Queue<number>];
      const put: number[] = [];
      const got: number[] = [];
      const produce = (queue: Queue<number>, item: number) => async () => {
        await queue.put(item);
        put.push(item);
      };
      const choose = (first: Queue<number>, second: Queue<number>) =>
        createTask(async () => {
          const won = await select({ first, second, late: after(5) });
          if (won.key !== "late") got.push(won.value);
        });
      const producers = [
        trial.mayCancel(createTask(produce(a, 1))),
        createTask(produce(a, 2)),
        createTask(produce(b, 3)),
      ];
      const get = async () => {
        const item = await orLate(waitFor(a.get(), 5));
        if (item !== null) got.push(item);
      };
      await ended([
        trial.mayCancel(choose(a, b)),
        choose(b, a),
        createTask(get),
      ]);
      while (producers.some((task) => !task.done())) {
        for (const queue of queues) got.push(...drain(queue));
        await sleep(1);
      }
      await ended(producers);
      for (const queue of queues) got.push(...drain(queue));
      assertEquals(got.sort(), put.sort());
    }, { schedules: 250 }));
}

Deno.test("select() with putting() puts an item or does not, in any order of events", () =>
  assertSound(async (trial) => {
    const a = new Queue<number>(1);
    const b = new Queue<number>(1);
    const put: number[] = [];
    const got: number[] = [];
    const putter = (item: number) =>
      createTask(async () => {
        await select({ a: putting(a, item), b: putting(b, item) });
        put.push(item);
      });
    const putters = [1, 2, 3, 4].map(putter);
    for (const each of putters.slice(1, 3)) trial.mayCancel(each);
    const getter = createTask(async () => {
      for (let i = 0; i < 4; i++) {
        await sleep(1);
        got.push(...drain(i % 2 === 0 ? a : b));
      }
    });
    await ended([...putters, getter]);
    putters.forEach(assertHeeded);
    assertEquals([...got, ...drain(a), ...drain(b)].sort(), put.sort());
  }));

/** Tasks that choose between a lock and a semaphore, or acquire one of them. */
async function contend(trial: Trial): Promise<void> {
  const lock = new Lock();
  const semaphore = new Semaphore();
  const held = { lock: 0, semaphore: 0 };
  const hold = async (key: "lock" | "semaphore", guard: Guard) => {
    using _ = guard;
    assertEquals(++held[key], 1, `Two hold the ${key}`);
    try {
      await sleep(1);
    } finally {
      held[key]--;
    }
  };
  const choose = async () => {
    const { key, value } = await select({ lock, semaphore });
    await hold(key, value);
  };
  const tasks = [
    createTask(choose),
    trial.mayCancel(createTask(choose)),
    createTask(async () => await hold("lock", await lock.acquire())),
    trial.mayCancel(
      createTask(async () => {
        await hold("semaphore", await semaphore.acquire());
      }),
    ),
    createTask(choose),
  ];
  await ended(tasks);
  tasks.forEach(assertHeeded);
  assertEquals(String(lock), "<Lock [unlocked]>");
  assertEquals(String(semaphore), "<Semaphore [unlocked, value:1]>");
}

Deno.test("select() takes a lock or a semaphore and never both, in any order of events", () =>
  assertSound(contend));

Deno.test("select() takes a lock in its turn, in any order of events", () =>
  assertSound(async (trial) => {
    const lock = new Lock();
    const never = new Event();
    const askers = new Askers();
    const acquire = async () => {
      using _ = await askers.grant(lock.acquire());
      await sleep(0);
    };
    const choose = async () => {
      const { value } = await askers.grant(select({ never, lock }));
      using _ = value as Guard;
      await sleep(0);
    };
    const tasks = [acquire, choose, acquire, choose].map((each) =>
      createTask(each)
    );
    for (const task of tasks.slice(1, 3)) trial.mayCancel(task);
    await ended(tasks);
    assertFalse(lock.locked());
  }));

Deno.test("select() watches futures, events and values, in any order of events", () =>
  assertSound(async (trial) => {
    const future = new Future<number>();
    const event = new Event();
    const watched = new Watched(0);
    const broadcast = new Broadcast<number>();
    using news = broadcast.subscribe();
    let chosen = 0;
    const choose = (...keys: ("future" | "event" | "watched")[]) => {
      const all = { future, event, watched };
      return createTask(async () => {
        const sources = Object.fromEntries(keys.map((key) => [key, all[key]]));
        await select({ ...sources, news });
        chosen++;
      });
    };
    const tasks = [
      choose("future", "event"),
      trial.mayCancel(choose("event", "watched")),
      choose("watched", "future"),
    ];
    const wakers = [
      () => future.setResult(1),
      () => event.set(),
      () => watched.set(1),
      () => broadcast.publishNowait(1),
    ].map((each) => createTask(each));
    await ended([...tasks, ...wakers]);
    tasks.forEach(assertHeeded);
    assertEquals(chosen, tasks.filter((task) => !task.cancelled()).length);
    assertEquals([String(watched), String(event)], [
      "<Watched watchers=0>",
      "<Event [set]>",
    ]);
  }));

Deno.test("select() loses nothing when it is cancelled at any await", async () => {
  const awaits = await cancelEverywhere(() => {
    const jobs = new Queue<number>();
    const results = new Queue<number>(1);
    const lock = new Lock();
    const stop = new Event();
    const seen: number[] = [];
    return {
      body: async () => {
        while (true) {
          const won = await select({ stop, job: jobs, lock, late: after(50) });
          if (won.key === "stop") return;
          if (won.key === "late") continue;
          if (won.key === "lock") {
            using _ = won.value;
            await sleep(1);
            continue;
          }
          seen.push(won.value);
          await select({ put: putting(results, won.value), late: after(2) });
        }
      },
      meanwhile: async () => {
        for (const item of [1, 2, 3]) {
          using _ = await lock.acquire();
          await sleep(1);
          jobs.putNowait(item);
        }
        const other = createTask(async () => {
          const won = await select({ job: jobs, late: after(10) });
          if (won.key === "job") seen.push(won.value);
        });
        await sleep(20);
        stop.set();
        await ended([other]);
      },
      check: () => {
        assertEquals([...seen, ...drain(jobs)].sort(), [1, 2, 3]);
        assert(results.qsize() <= 1);
        assertFalse(/getters|putters/.test(`${jobs}${results}`));
        assertEquals(String(lock), "<Lock [unlocked]>");
      },
    };
  });
  assert(awaits >= 5);
});
