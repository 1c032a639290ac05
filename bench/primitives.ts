// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Measures queues, locks and other primitives, alongside Python's asyncio.
 *
 * A hand-over is what wakes another task: each operation of these cases makes one task wait and
 * another go on. The cases "without waiting" have one task alone.
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
  run,
  Semaphore,
  sleep,
} from "../mod.ts";
import { type Case, type Comparison, sideBySide } from "./side_by_side.ts";

/** How often the operation of a case is done. */
const OPERATIONS = 50_000;
const WAITERS = 1_000;
const PARTIES = 10;

/** A case whose body does {@linkcode OPERATIONS} operations, on a loop of its own. */
function timed(
  name: string,
  goal: number,
  body: () => Promise<unknown>,
): Case {
  return {
    name,
    goal,
    measure: () =>
      run(async () => {
        const start = performance.now();
        await body();
        return (performance.now() - start) * 1e6 / OPERATIONS;
      }),
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

const cases: Case[] = [
  timed("queue of one, an item", 8, async () => {
    const queue = new Queue<number>(1);
    const consumer = createTask(async () => {
      for (let i = 0; i < OPERATIONS; i++) await queue.get();
    });
    for (let i = 0; i < OPERATIONS; i++) await queue.put(i);
    await consumer;
  }),
  timed("unbounded queue, hand-over", 8, async () => {
    const [there, back] = [new Queue<number>(), new Queue<number>()];
    const other = createTask(async () => {
      for (let i = 0; i < OPERATIONS / 2; i++) {
        await back.put(await there.get());
      }
    });
    for (let i = 0; i < OPERATIONS / 2; i++) {
      await there.put(i);
      await back.get();
    }
    await other;
  }),
  timed(
    "queue, put and get without waiting",
    1.5,
    () => putAndGet(new Queue()),
  ),
  timed("priority queue of 100, put and get", 1.5, async () => {
    const queue = new PriorityQueue<number>();
    for (let i = 0; i < 100; i++) queue.putNowait(i * 37 % 100);
    await putAndGet(queue);
  }),
  timed("lock, hand-over", 5, () => takeTurns(new Lock())),
  timed("lock, without waiting", 1.5, async () => {
    const lock = new Lock();
    for (let i = 0; i < OPERATIONS; i++) {
      await lock.acquire();
      lock.release();
    }
  }),
  timed("semaphore, hand-over", 5, () => takeTurns(new Semaphore(1))),
  timed("event, hand-over", 5, async () => {
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
  }),
  timed("event for 1,000 tasks, a task", 3, async () => {
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
  }),
  timed("condition, hand-over", 3, async () => {
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
  }),
  timed("barrier for 10 tasks, a task", 3, async () => {
    const barrier = new Barrier(PARTIES);
    const work = async () => {
      for (let i = 0; i < OPERATIONS / PARTIES; i++) await barrier.wait();
    };
    await gather(Array.from({ length: PARTIES }, () => work));
  }),
];

/**
 * Measures all cases.
 *
 * @returns What came out.
 */
export function main(): Promise<Comparison[]> {
  return sideBySide("Queues and synchronisation", "primitives.py", cases);
}

if (import.meta.main) await main();
