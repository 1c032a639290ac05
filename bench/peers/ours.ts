// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  Broadcast,
  createTask,
  Event,
  forEachConcurrent,
  gather,
  Lock,
  mapConcurrent,
  Queue,
  race,
  RateLimiter,
  retry,
  run,
  select,
  Semaphore,
  sleep,
  type Task,
  taskGroup,
  timeout,
} from "../../mod.ts";
import {
  AT_A_TIME,
  averaged,
  type Contestant,
  hostTurn,
  ITEMS,
  LONG,
  type Measure,
  OPERATIONS,
  RATE,
  repeatedly,
  SUBSCRIBERS,
  TASKS,
  timed,
  TIMES,
} from "./contest.ts";

/** This library. */
export const ours: Contestant = {
  name: "ours",
  cases: {
    "spawn and await a task": inLoop(async () => {
      const nothing = async () => {};
      for (let i = 0; i < OPERATIONS; i++) await createTask(nothing);
    }),
    "switch between two tasks": inLoop(() =>
      both(async () => {
        for (let i = 0; i < OPERATIONS / 2; i++) await sleep(0);
      })
    ),
    "lock, hand-over": inLoop(async () => {
      const locks = [new Lock(), new Lock()] as const;
      for (const lock of locks) await lock.acquire();
      await takeTurns(...locks);
    }),
    "lock, without waiting": inLoop(() => acquireAndRelease(new Lock())),
    "semaphore, hand-over": inLoop(() =>
      takeTurns(new Semaphore(0), new Semaphore(0))
    ),
    "semaphore, without waiting": inLoop(() =>
      acquireAndRelease(new Semaphore(1))
    ),
    "queue of one, an item": inLoop(async () => {
      const queue = new Queue<number>(1);
      const consumer = createTask(async () => {
        for (let i = 0; i < OPERATIONS; i++) await queue.get();
      });
      for (let i = 0; i < OPERATIONS; i++) await queue.put(i);
      await consumer;
    }),
    "unbounded queue, hand-over": inLoop(async () => {
      const [there, back] = [new Queue<number>(), new Queue<number>()];
      const other = createTask(async () => {
        for (let i = 0; i < OPERATIONS / 2; i++) {
          back.putNowait(await there.get());
        }
      });
      for (let i = 0; i < OPERATIONS / 2; i++) {
        there.putNowait(i);
        await back.get();
      }
      await other;
    }),
    "rate limiter, without waiting": inLoop(async () => {
      const limiter = new RateLimiter(RATE);
      for (let i = 0; i < OPERATIONS; i++) await limiter.acquire();
    }),
    // deno-lint-ignore require-await -- the measure is of something asynchronous
    "rate limiter, trying": inLoop(async () => {
      const limiter = new RateLimiter(RATE);
      for (let i = 0; i < OPERATIONS; i++) limiter.tryAcquire();
    }),
    "broadcast to 10, an item": inLoop(
      () =>
        taskGroup(async (group) => {
          const broadcast = new Broadcast<number>({ maxSize: 1 });
          for (let i = 0; i < SUBSCRIBERS; i++) {
            const subscription = broadcast.subscribe();
            group.createTask(async () => {
              for await (const _ of subscription);
            });
          }
          for (let i = 0; i < OPERATIONS / SUBSCRIBERS; i++) {
            await broadcast.publish(i);
          }
          broadcast.shutdown();
        }),
    ),
    "queue or event, an item": inLoop(async () => {
      const queue = new Queue<number>(1);
      const stop = new Event();
      const consumer = createTask(async () => {
        while (true) {
          const won = await select({ item: queue, stop });
          if (won.key === "stop") return;
        }
      });
      for (let i = 0; i < OPERATIONS; i++) await queue.put(i);
      stop.set();
      await consumer;
    }),
    "1,000 items, 10 at a time, an item": inLoop(
      () => repeatedly(() => workOnAll(() => sleep(0))),
      TIMES * ITEMS,
    ),
    "1,000 waits, 10 at a time, a wait": inLoop(
      () => repeatedly(() => workOnAll(hostTurn)),
      TIMES * ITEMS,
    ),
    "1,000 tasks for 10 permits, a task": inLoop(
      () => repeatedly(() => sharePermits(() => sleep(0))),
      TIMES * ITEMS,
    ),
    "1,000 items for 10 workers, an item": inLoop(
      () => repeatedly(() => shareOut(() => sleep(0))),
      TIMES * ITEMS,
    ),
    "10,000 calls, 10 at a time, a call": inLoop(
      () => workOnAll((item) => item, OPERATIONS),
    ),
    "map of 10,000 to values, an item": inLoop(() => mapAll((item) => item)),
    "map of 10,000 to promises, an item": inLoop(
      () => mapAll(async (item) => await item),
    ),
    "map of 1,000 waits, an item": inLoop(
      () => repeatedly(() => mapAll(hostTurn, ITEMS)),
      TIMES * ITEMS,
    ),
    "race of two, the loser waits": inLoop(async () => {
      const never = new Event();
      const racers = [() => never.wait(), async () => await true];
      for (let i = 0; i < OPERATIONS; i++) await race(racers);
    }),
    "retry without a failure": inLoop(async () => {
      const nothing = async () => {};
      for (let i = 0; i < OPERATIONS; i++) await retry(nothing);
    }),
    "time limit for a short task": inLoop(async () => {
      for (let i = 0; i < OPERATIONS; i++) {
        await timeout(LONG, () => sleep(0));
      }
    }),
    "cancel 1,000 waiting tasks, a task": averaged(() =>
      run(async () => {
        const never = new Event();
        const tasks = Array.from(
          { length: TASKS },
          () => createTask(async () => void await never.wait()),
        );
        await sleep(0);
        return await timed(() => cancelAll(tasks), TASKS)();
      })
    ),
  },
};

/** Measures a body on a loop of its own; to start that does not count. */
function inLoop(
  body: () => Promise<unknown>,
  operations: number = OPERATIONS,
): Measure {
  return () => run(timed(body, operations));
}

async function both(work: () => Promise<void>): Promise<void> {
  const other = createTask(work);
  await work();
  await other;
}

/** Two tasks wake each other; each of them always has to wait. */
async function takeTurns(
  one: Lock | Semaphore,
  other: Lock | Semaphore,
): Promise<void> {
  const work = (mine: Lock | Semaphore, his: Lock | Semaphore) => async () => {
    for (let i = 0; i < OPERATIONS / 2; i++) {
      await mine.acquire();
      his.release();
    }
  };
  const tasks = [createTask(work(one, other)), createTask(work(other, one))];
  await sleep(0);
  one.release();
  await gather(tasks);
}

async function acquireAndRelease(lock: Lock | Semaphore): Promise<void> {
  for (let i = 0; i < OPERATIONS; i++) {
    await lock.acquire();
    lock.release();
  }
}

async function workOnAll(
  workOn: (item: number) => unknown,
  items = ITEMS,
): Promise<void> {
  await forEachConcurrent(Array(items).keys(), workOn, { limit: AT_A_TIME });
}

async function mapAll(
  fn: (item: number) => unknown,
  items = OPERATIONS,
): Promise<void> {
  const results = [];
  const limit = AT_A_TIME;
  for await (const each of mapConcurrent(Array(items).keys(), fn, { limit })) {
    results.push(each);
  }
}

/** A task for each item, all at once. */
async function sharePermits(
  workOn: (item: number) => PromiseLike<void>,
): Promise<void> {
  const semaphore = new Semaphore(AT_A_TIME);
  await taskGroup((group) => {
    for (let item = 0; item < ITEMS; item++) {
      group.createTask(async () => {
        using _ = await semaphore.acquire();
        await workOn(item);
      });
    }
  });
}

/** The tasks take the items from one iterator. */
async function shareOut(
  workOn: (item: number) => PromiseLike<void>,
): Promise<void> {
  const items = Array(ITEMS).keys();
  await taskGroup((group) => {
    for (let i = 0; i < AT_A_TIME; i++) {
      group.createTask(async () => {
        for (const item of items) await workOn(item);
      });
    }
  });
}

async function cancelAll(tasks: readonly Task<void>[]): Promise<void> {
  for (const task of tasks) task.cancel();
  await gather(tasks, { returnExceptions: true });
}
