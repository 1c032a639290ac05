// Copyright 2026 the asyncio for Deno authors. MIT license.

import PQueue from "npm:p-queue@^10";
import {
  AT_A_TIME,
  type Contestant,
  hostTurn,
  ITEMS,
  LONG,
  OPERATIONS,
  repeatedly,
  timed,
  TIMES,
} from "./contest.ts";

/**
 * p-queue: so many promise-returning functions at a time. Running functions cannot be cancelled, only told by an
 * `AbortSignal`, and what is over its time goes on unseen.
 */
export const pQueue: Contestant = {
  name: "p-queue",
  cases: {
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
    "map of 10,000 to promises, an item": timed(
      () => workOnAll(async (item) => await item, OPERATIONS),
    ),
    "map of 1,000 waits, an item": timed(
      () => repeatedly(() => workOnAll(hostTurn)),
      TIMES * ITEMS,
    ),
    "time limit for a short task": timed(async () => {
      const queue = new PQueue({ concurrency: 1, timeout: LONG * 1000 });
      for (let i = 0; i < OPERATIONS; i++) {
        await queue.add(async () => await null);
      }
    }),
  },
};

async function workOnAll(
  workOn: (item: number) => Promise<unknown>,
  items = ITEMS,
): Promise<void> {
  const queue = new PQueue({ concurrency: AT_A_TIME });
  const works = Array.from(
    { length: items },
    (_, item) => queue.add(() => workOn(item)),
  );
  await Promise.all(works);
}
