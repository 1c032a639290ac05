// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Mutex, Semaphore } from "npm:async-mutex@^0.5";
import {
  AT_A_TIME,
  type Contestant,
  hostTurn,
  ITEMS,
  OPERATIONS,
  repeatedly,
  timed,
  TIMES,
} from "./contest.ts";

/**
 * async-mutex: locks between async functions. A single waiter cannot be cancelled, and there are no
 * tasks.
 */
export const asyncMutex: Contestant = {
  name: "async-mutex",
  cases: {
    "lock, hand-over": timed(async () => {
      const [one, other] = [new Mutex(), new Mutex()];
      await one.acquire();
      await other.acquire();
      await takeTurns(one, other);
    }),
    "lock, without waiting": timed(() => acquireAndRelease(new Mutex())),
    "semaphore, hand-over": timed(() =>
      takeTurns(new Semaphore(0), new Semaphore(0))
    ),
    "semaphore, without waiting": timed(() =>
      acquireAndRelease(new Semaphore(1))
    ),
    "1,000 items, 10 at a time, an item": timed(
      () => repeatedly(() => workOnAll(async () => await null)),
      TIMES * ITEMS,
    ),
    "1,000 waits, 10 at a time, a wait": timed(
      () => repeatedly(() => workOnAll(hostTurn)),
      TIMES * ITEMS,
    ),
    "1,000 tasks for 10 permits, a task": timed(
      () => repeatedly(() => workOnAll(async () => await null)),
      TIMES * ITEMS,
    ),
  },
};

/** Two functions wake each other; each of them always has to wait. */
async function takeTurns(
  one: Mutex | Semaphore,
  other: Mutex | Semaphore,
): Promise<void> {
  const work = async (mine: Mutex | Semaphore, his: Mutex | Semaphore) => {
    for (let i = 0; i < OPERATIONS / 2; i++) {
      await mine.acquire();
      his.release();
    }
  };
  const works = [work(one, other), work(other, one)];
  one.release();
  await Promise.all(works);
}

async function acquireAndRelease(lock: Mutex | Semaphore): Promise<void> {
  for (let i = 0; i < OPERATIONS; i++) {
    await lock.acquire();
    lock.release();
  }
}

async function workOnAll(
  workOn: (item: number) => Promise<unknown>,
): Promise<void> {
  const semaphore = new Semaphore(AT_A_TIME);
  const works = Array.from(
    { length: ITEMS },
    (_, item) => semaphore.runExclusive(() => workOn(item)),
  );
  await Promise.all(works);
}
