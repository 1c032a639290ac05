// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  Deferred,
  Effect,
  Fiber,
  PubSub,
  Queue,
  Semaphore,
} from "npm:effect@^4";
import {
  AT_A_TIME,
  averaged,
  type Contestant,
  hostTurn,
  ITEMS,
  LONG,
  type Measure,
  OPERATIONS,
  SUBSCRIBERS,
  TASKS,
  TIMES,
} from "./contest.ts";

/**
 * Effect: fibers over generators. Its fibers yield through a macrotask, which lets I/O have its turn each
 * time; its mutual exclusion is a semaphore of one, and the first fiber that asks when a permit is free gets it,
 * even if others wait.
 */
export const effect: Contestant = {
  name: "effect",
  cases: {
    "spawn and await a task": inFiber(Effect.gen(function* () {
      const nothing = Effect.sync(() => {});
      for (let i = 0; i < OPERATIONS; i++) {
        yield* Fiber.join(yield* Effect.forkChild(nothing));
      }
    })),
    "switch between two tasks": inFiber(Effect.suspend(() => {
      const work = Effect.gen(function* () {
        for (let i = 0; i < OPERATIONS / 2; i++) yield* Effect.yieldNow;
      });
      return together(work, work);
    })),
    "lock, hand-over": inFiber(takeTurns()),
    "lock, without waiting": inFiber(takeAndRelease()),
    "semaphore, hand-over": inFiber(takeTurns()),
    "semaphore, without waiting": inFiber(takeAndRelease()),
    "queue of one, an item": inFiber(Effect.gen(function* () {
      const queue = yield* Queue.bounded<number>(1);
      const consume = Effect.gen(function* () {
        for (let i = 0; i < OPERATIONS; i++) yield* Queue.take(queue);
      });
      const produce = Effect.gen(function* () {
        for (let i = 0; i < OPERATIONS; i++) yield* Queue.offer(queue, i);
      });
      yield* together(consume, produce);
    })),
    "unbounded queue, hand-over": inFiber(Effect.gen(function* () {
      const there = yield* Queue.unbounded<number>();
      const back = yield* Queue.unbounded<number>();
      const one = Effect.gen(function* () {
        for (let i = 0; i < OPERATIONS / 2; i++) {
          Queue.offerUnsafe(there, i);
          yield* Queue.take(back);
        }
      });
      const other = Effect.gen(function* () {
        for (let i = 0; i < OPERATIONS / 2; i++) {
          Queue.offerUnsafe(back, yield* Queue.take(there));
        }
      });
      yield* together(one, other);
    })),
    "broadcast to 10, an item": inFiber(Effect.scoped(Effect.gen(function* () {
      const pubSub = yield* PubSub.bounded<number>(1);
      const items = OPERATIONS / SUBSCRIBERS;
      const fibers: Fiber.Fiber<void>[] = [];
      for (let i = 0; i < SUBSCRIBERS; i++) {
        const subscription = yield* PubSub.subscribe(pubSub);
        const read = Effect.gen(function* () {
          for (let i = 0; i < items; i++) yield* PubSub.take(subscription);
        });
        fibers.push(yield* Effect.forkChild(read));
      }
      for (let i = 0; i < items; i++) yield* PubSub.publish(pubSub, i);
      for (const fiber of fibers) yield* Fiber.join(fiber);
    }))),
    // A race: an item may be lost if both are ready.
    "queue or event, an item": inFiber(Effect.gen(function* () {
      const queue = yield* Queue.bounded<number>(1);
      const stop = yield* Deferred.make<null>();
      const next = Effect.raceFirst(Queue.take(queue), Deferred.await(stop));
      const consume = Effect.gen(function* () {
        while ((yield* next) !== null);
      });
      const produce = Effect.gen(function* () {
        for (let i = 0; i < OPERATIONS; i++) yield* Queue.offer(queue, i);
        yield* Deferred.succeed(stop, null);
      });
      yield* together(consume, produce);
    })),
    "1,000 items, 10 at a time, an item": inFiber(
      workOnAll(() => Effect.yieldNow),
      TIMES * ITEMS,
    ),
    "1,000 waits, 10 at a time, a wait": inFiber(
      workOnAll(() => Effect.promise(hostTurn)),
      TIMES * ITEMS,
    ),
    "1,000 tasks for 10 permits, a task": inFiber(
      Effect.gen(function* () {
        for (let i = 0; i < TIMES; i++) yield* sharePermits();
      }),
      TIMES * ITEMS,
    ),
    "1,000 items for 10 workers, an item": inFiber(
      workOnAll(() => Effect.yieldNow),
      TIMES * ITEMS,
    ),
    "10,000 calls, 10 at a time, a call": inFiber(
      mapAll((item) => Effect.sync(() => item), true),
    ),
    "map of 10,000 to values, an item": inFiber(
      mapAll((item) => Effect.succeed(item)),
    ),
    "map of 10,000 to promises, an item": inFiber(
      mapAll((item) => Effect.promise(async () => await item)),
    ),
    "map of 1,000 waits, an item": inFiber(
      workOnAll(() => Effect.promise(hostTurn)),
      TIMES * ITEMS,
    ),
    "race of two, the loser waits": inFiber(Effect.gen(function* () {
      const racing = Effect.race(Effect.never, Effect.succeed(true));
      for (let i = 0; i < OPERATIONS; i++) yield* racing;
    })),
    "retry without a failure": inFiber(Effect.gen(function* () {
      const trying = Effect.retry(Effect.void, { times: 2 });
      for (let i = 0; i < OPERATIONS; i++) yield* trying;
    })),
    "time limit for a short task": inFiber(Effect.gen(function* () {
      const limited = Effect.timeout(Effect.yieldNow, LONG * 1000);
      for (let i = 0; i < OPERATIONS; i++) yield* limited;
    })),
    "cancel 1,000 waiting tasks, a task": averaged(() =>
      Effect.runPromise(Effect.gen(function* () {
        const fibers: Fiber.Fiber<never>[] = [];
        for (let i = 0; i < TASKS; i++) {
          fibers.push(yield* Effect.forkChild(Effect.never));
        }
        yield* Effect.yieldNow;
        const start = performance.now();
        yield* Fiber.interruptAll(fibers);
        return (performance.now() - start) * 1e6 / TASKS;
      }))
    ),
  },
};

function inFiber(
  body: Effect.Effect<unknown, unknown>,
  operations: number = OPERATIONS,
): Measure {
  return () =>
    Effect.runPromise(Effect.gen(function* () {
      const start = performance.now();
      yield* body;
      return (performance.now() - start) * 1e6 / operations;
    }));
}

function together(
  one: Effect.Effect<void>,
  other: Effect.Effect<void>,
): Effect.Effect<unknown> {
  return Effect.all([one, other], { concurrency: "unbounded" });
}

/** Two fibers wake each other; each of them always has to wait. */
function takeTurns(): Effect.Effect<unknown> {
  return Effect.suspend(() => {
    const semaphores = [Semaphore.makeUnsafe(1), Semaphore.makeUnsafe(0)];
    const work = (mine: Semaphore.Semaphore, his: Semaphore.Semaphore) =>
      Effect.gen(function* () {
        for (let i = 0; i < OPERATIONS / 2; i++) {
          yield* mine.take(1);
          yield* his.release(1);
        }
      });
    const [one, other] = semaphores as [
      Semaphore.Semaphore,
      Semaphore.Semaphore,
    ];
    return together(work(one, other), work(other, one));
  });
}

function takeAndRelease(): Effect.Effect<unknown> {
  return Effect.gen(function* () {
    const semaphore = Semaphore.makeUnsafe(1);
    for (let i = 0; i < OPERATIONS; i++) {
      yield* semaphore.take(1);
      yield* semaphore.release(1);
    }
  });
}

function mapAll(
  fn: (item: number) => Effect.Effect<number>,
  discard = false,
): Effect.Effect<unknown> {
  return Effect.suspend(() =>
    Effect.forEach(
      Array.from({ length: OPERATIONS }, (_, item) => item),
      fn,
      { concurrency: AT_A_TIME, discard },
    )
  );
}

/** A fiber for each item, all at once. */
function sharePermits(): Effect.Effect<void> {
  return Effect.suspend(() => {
    const semaphore = Semaphore.makeUnsafe(AT_A_TIME);
    return Effect.forEach(
      Array.from({ length: ITEMS }, (_, item) => item),
      () => semaphore.withPermits(1)(Effect.yieldNow),
      { concurrency: "unbounded", discard: true },
    );
  });
}

function workOnAll(
  workOn: (item: number) => Effect.Effect<void>,
): Effect.Effect<void> {
  const items = Array.from({ length: ITEMS }, (_, item) => item);
  return Effect.gen(function* () {
    for (let i = 0; i < TIMES; i++) {
      yield* Effect.forEach(items, workOn, {
        concurrency: AT_A_TIME,
        discard: true,
      });
    }
  });
}
