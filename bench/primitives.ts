// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Measures queues, locks and other primitives, alongside Python's asyncio, uvloop, and the least that JavaScript needs.
 *
 * A hand-over wakes another task: each operation of these cases makes one task wait and another continue. The cases
 * without waiting have a single task.
 *
 * ```sh
 * deno run -A bench/primitives.ts
 * ```
 *
 * @module
 */

import {
  Barrier,
  Condition,
  createTask,
  Event,
  gather,
  Lock,
  PriorityQueue,
  Queue,
  Semaphore,
  sleep,
} from "../mod.ts";
import * as minimum from "./minimum.ts";
import { type Case, type Comparison, sideBySide } from "./side_by_side.ts";

/** How often the operation of a case is done. */
const OPERATIONS = 50_000;
const WAITERS = 1_000;
const PARTIES = 10;
const SORTED = 100;

/** A case that does {@linkcode OPERATIONS} operations, as does its minimum. */
function often(
  name: string,
  body: () => Promise<unknown>,
  minimum: (operations: number) => Promise<unknown>,
): Case {
  return {
    name,
    operations: OPERATIONS,
    body,
    minimum: () => minimum(OPERATIONS),
  };
}

/** Two tasks take turns with a lock, or with what has its methods. */
async function takeTurns(lock: Lock | Semaphore): Promise<void> {
  const work = async () => {
    for (let i = 0; i < OPERATIONS / 2; i++) {
      await lock.acquire();
      lock.release();
    }
  };
  await lock.acquire();
  const tasks = [createTask(work), createTask(work)];
  await sleep(0);
  lock.release();
  await gather(tasks);
}

async function putAndGet(queue: Queue<number>): Promise<void> {
  for (let i = 0; i < OPERATIONS; i++) {
    await queue.put(i);
    await queue.get();
  }
}

/** One task puts items into a queue of one, another gets them. */
async function fillAndEmpty(): Promise<void> {
  const queue = new Queue<number>(1);
  const consumer = createTask(async () => {
    for (let i = 0; i < OPERATIONS; i++) await queue.get();
  });
  for (let i = 0; i < OPERATIONS; i++) await queue.put(i);
  await consumer;
}

/** Two tasks hand an item to each other, through two queues. */
async function pingPong(): Promise<void> {
  const [there, back] = [new Queue<number>(), new Queue<number>()];
  const other = createTask(async () => {
    for (let i = 0; i < OPERATIONS / 2; i++) await back.put(await there.get());
  });
  for (let i = 0; i < OPERATIONS / 2; i++) {
    await there.put(i);
    await back.get();
  }
  await other;
}

/** Two tasks wake each other by an event each. */
async function signal(): Promise<void> {
  const [there, back] = [new Event(), new Event()];
  const other = createTask(async () => {
    for (let i = 0; i < OPERATIONS / 2; i++) {
      await there.wait();
      there.clear();
      back.set();
    }
  });
  for (let i = 0; i < OPERATIONS / 2; i++) {
    there.set();
    await back.wait();
    back.clear();
  }
  await other;
}

/** Wakes many tasks by one event, several times. */
async function signalAll(): Promise<void> {
  const events = Array.from(
    { length: OPERATIONS / WAITERS },
    () => new Event(),
  );
  const tasks = Array.from({ length: WAITERS }, () =>
    createTask(async () => {
      for (const event of events) await event.wait();
    }));
  for (const event of events) {
    await sleep(0);
    event.set();
  }
  await gather(tasks);
}

/** Two tasks take turns by a condition. */
async function notify(): Promise<void> {
  const condition = new Condition();
  let turn = 0;
  const work = (mine: number) => async () => {
    for (let i = 0; i < OPERATIONS / 2; i++) {
      using _ = await condition.acquire();
      await condition.waitFor(() => turn === mine);
      turn = 1 - mine;
      condition.notify();
    }
  };
  await gather([work(0), work(1)]);
}

/** Several tasks wait for one another. */
async function meet(): Promise<void> {
  const barrier = new Barrier(PARTIES);
  const work = async () => {
    for (let i = 0; i < OPERATIONS / PARTIES; i++) await barrier.wait();
  };
  await gather(Array.from({ length: PARTIES }, () => work));
}

const handOvers: Case[] = [
  {
    ...often("queue of one, an item", fillAndEmpty, minimum.fillAndEmpty),
    goal: 9,
    uvloopGoal: 5,
  },
  {
    ...often("unbounded queue, hand-over", pingPong, minimum.pingPong),
    goal: 8,
  },
  {
    ...often(
      "lock, hand-over",
      () => takeTurns(new Lock()),
      minimum.handOver,
    ),
    goal: 6,
    uvloopGoal: 4,
  },
  {
    ...often(
      "semaphore, hand-over",
      () => takeTurns(new Semaphore(1)),
      minimum.handOver,
    ),
    goal: 5,
  },
  { ...often("event, hand-over", signal, minimum.signal), goal: 5 },
  {
    ...often(
      "event for 1,000 tasks, a task",
      signalAll,
      (operations) => minimum.signalAll(operations / WAITERS, WAITERS),
    ),
    goal: 3,
  },
  { ...often("condition, hand-over", notify, minimum.notify), goal: 3 },
  {
    ...often(
      "barrier for 10 tasks, a task",
      meet,
      (operations) => minimum.meet(operations / PARTIES, PARTIES),
    ),
    goal: 3,
  },
];

const withoutWaiting: Case[] = [
  {
    ...often(
      "queue, put and get",
      () => putAndGet(new Queue()),
      minimum.putAndGet,
    ),
    goal: 1.5,
  },
  {
    ...often(
      "priority queue of 100, put and get",
      async () => {
        const queue = new PriorityQueue<number>();
        for (let i = 0; i < SORTED; i++) queue.putNowait(i * 37 % SORTED);
        await putAndGet(queue);
      },
      (operations) => minimum.putAndGetSorted(operations, SORTED),
    ),
    goal: 1.5,
  },
  {
    ...often(
      "lock, acquire and release",
      async () => {
        const lock = new Lock();
        for (let i = 0; i < OPERATIONS; i++) {
          await lock.acquire();
          lock.release();
        }
      },
      minimum.takeFree,
    ),
    goal: 1.5,
  },
];

/**
 * Measures all cases.
 *
 * @returns The results.
 */
export async function main(): Promise<Comparison[]> {
  const title = "Queues and synchronisation";
  return [
    ...await sideBySide(title, "primitives.py", handOvers),
    ...await sideBySide("Without waiting", "primitives.py", withoutWaiting),
  ];
}

if (import.meta.main) await main();
