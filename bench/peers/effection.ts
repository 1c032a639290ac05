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
  averaged,
  type Contestant,
  LONG,
  type Measure,
  OPERATIONS,
  TASKS,
} from "./contest.ts";

/** Fewer, where each takes tens of microseconds. */
const FEW = 1_000;

/**
 * Effection: structured tasks over generators. It has no locks, semaphores, bounded queues or limits of
 * concurrency.
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

function microtask(): Operation<void> {
  return action<void>((resolve) => {
    queueMicrotask(resolve);
    return () => {};
  });
}
