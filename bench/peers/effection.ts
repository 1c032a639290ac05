// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  action,
  createQueue,
  type Operation,
  race,
  run,
  sleep,
  spawn,
  suspend,
  type Task,
} from "npm:effection@^4";
import {
  AT_A_TIME,
  averaged,
  type Contestant,
  ITEMS,
  LONG,
  type Measure,
  OPERATIONS,
  TASKS,
  TIMES,
} from "./contest.ts";

/** Fewer, where each takes tens of microseconds. */
const FEW = 1_000;

/**
 * Effection: structured tasks over generators. It has no locks, semaphores, bounded queues or limits of
 * concurrency, and so none of their cases; ten workers it has.
 */
export const effection: Contestant = {
  name: "effection",
  cases: {
    "spawn and await a task": inScope(function* () {
      for (let i = 0; i < FEW; i++) {
        const task = yield* spawn(function* () {});
        yield* task;
      }
    }, FEW),
    // It has no yield but `sleep(0)`, which is a timer of the host's: a microtask is the next best.
    "switch between two tasks": inScope(function* () {
      const work = function* () {
        for (let i = 0; i < OPERATIONS / 2; i++) yield* microtask();
      };
      const other = yield* spawn(work);
      yield* work();
      yield* other;
    }),
    "unbounded queue, hand-over": inScope(function* () {
      const there = createQueue<number, never>();
      const back = createQueue<number, never>();
      const other = yield* spawn(function* () {
        for (let i = 0; i < OPERATIONS / 2; i++) {
          back.add((yield* there.next()).value);
        }
      });
      for (let i = 0; i < OPERATIONS / 2; i++) {
        there.add(i);
        yield* back.next();
      }
      yield* other;
    }),
    "1,000 items for 10 workers, an item": inScope(
      workOnAll(microtask),
      TIMES * ITEMS,
    ),
    "time limit for a short task": inScope(function* () {
      for (let i = 0; i < FEW; i++) {
        yield* race([microtask(), sleep(LONG * 1000)]);
      }
    }, FEW),
    "cancel 1,000 waiting tasks, a task": averaged(() =>
      run(function* () {
        const tasks: Task<void>[] = [];
        for (let i = 0; i < TASKS; i++) tasks.push(yield* spawn(suspend));
        yield* sleep(0);
        const start = performance.now();
        const halts = tasks.map((task) => task.halt());
        for (const halt of halts) yield* halt;
        return (performance.now() - start) * 1e6 / TASKS;
      })
    ),
  },
};

function inScope(
  body: () => Operation<void>,
  operations: number = OPERATIONS,
): Measure {
  return () =>
    run(function* () {
      const start = performance.now();
      yield* body();
      return (performance.now() - start) * 1e6 / operations;
    });
}

function workOnAll(
  workOn: (item: number) => Operation<void>,
): () => Operation<void> {
  return function* () {
    for (let i = 0; i < TIMES; i++) {
      const items = Array(ITEMS).keys();
      const workers: Task<void>[] = [];
      for (let worker = 0; worker < AT_A_TIME; worker++) {
        workers.push(
          yield* spawn(function* () {
            for (const item of items) yield* workOn(item);
          }),
        );
      }
      for (const worker of workers) yield* worker;
    }
  };
}

function microtask(): Operation<void> {
  return action<void>((resolve) => {
    queueMicrotask(resolve);
    return () => {};
  });
}
