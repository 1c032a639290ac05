// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  AT_A_TIME,
  averaged,
  type Contestant,
  hostTurn,
  ITEMS,
  LONG,
  type Measure,
  OPERATIONS,
  repeatedly,
  TASKS,
  timed,
  TIMES,
} from "./contest.ts";

/**
 * The least that the language needs for it, with nothing around: the floor, not a peer. None of it can be
 * cancelled, but the last, which knows only that; no lock is fair but to two; errors are unhandled.
 */
export const promises: Contestant = {
  name: "bare promises",
  cases: {
    "spawn and await a task": timed(async () => {
      const nothing = async () => {};
      for (let i = 0; i < OPERATIONS; i++) await nothing();
    }),
    "switch between two tasks": timed(async () => {
      const work = async () => {
        for (let i = 0; i < OPERATIONS / 2; i++) await null;
      };
      await Promise.all([work(), work()]);
    }),
    "lock, hand-over": takeTurns(),
    "semaphore, hand-over": takeTurns(),
    "unbounded queue, hand-over": takeTurns(),
    "1,000 items, 10 at a time, an item": timed(
      () => repeatedly(() => workOnAll(async () => await null)),
      TIMES * ITEMS,
    ),
    "1,000 waits, 10 at a time, a wait": timed(
      () => repeatedly(() => workOnAll(hostTurn)),
      TIMES * ITEMS,
    ),
    "1,000 items for 10 workers, an item": timed(
      () => repeatedly(() => workOnAll(async () => await null)),
      TIMES * ITEMS,
    ),
    "map of 10,000 to promises, an item": timed(async () => {
      const results: number[] = [];
      await workOnAll(async (item) => {
        results.push(await item);
      }, OPERATIONS);
    }),
    "map of 1,000 waits, an item": timed(
      () => repeatedly(() => workOnAll(hostTurn)),
      TIMES * ITEMS,
    ),
    "race of two, the loser waits": timed(async () => {
      const never = new Promise<never>(() => {});
      const racers = [() => never, async () => await true];
      for (let i = 0; i < OPERATIONS; i++) {
        await Promise.race(racers.map((racer) => racer()));
      }
    }),
    "retry without a failure": timed(async () => {
      const nothing = async () => {};
      for (let i = 0; i < OPERATIONS; i++) await tryAgain(nothing);
    }),
    "time limit for a short task": timed(async () => {
      for (let i = 0; i < OPERATIONS; i++) await raceWithTimer();
    }),
    "cancel 1,000 waiting tasks, a task": averaged(async () => {
      const controller = new AbortController();
      const tasks = Array.from(
        { length: TASKS },
        async () => await aborted(controller.signal),
      );
      return await timed(async () => {
        controller.abort();
        await Promise.allSettled(tasks);
      }, TASKS)();
    }),
  },
};

/** Two wake each other by a promise each time. */
function takeTurns(): Measure {
  return timed(async () => {
    const gates = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ];
    const work = async (mine: number) => {
      for (let i = 0; i < OPERATIONS / 2; i++) {
        await gates[mine]!.promise;
        gates[mine] = Promise.withResolvers();
        gates[1 - mine]!.resolve();
      }
    };
    const works = [work(0), work(1)];
    gates[0]!.resolve();
    await Promise.all(works);
  });
}

async function workOnAll(
  workOn: (item: number) => Promise<unknown>,
  items = ITEMS,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items) await workOn(next++);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

async function tryAgain<T>(fn: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await fn();
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

async function raceWithTimer(): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(reject, LONG * 1000);
  try {
    await Promise.race([(async () => await null)(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason));
  return promise;
}
