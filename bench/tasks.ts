// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * What tasks cost, side by side with Python's asyncio.
 *
 * ```sh
 * deno run -A bench/tasks.ts
 * ```
 *
 * @module
 */

import {
  createTask,
  gather,
  getRunningLoop,
  run,
  sleep,
  taskGroup,
  timeout,
} from "../mod.ts";
import { type Case, type Comparison, sideBySide } from "./side_by_side.ts";

/** How often a round does its work; the least time counts, on both sides. */
const REPETITIONS = 3;

/** Measures `body`, which does `operations` operations, on a loop of its own. */
function timed(
  operations: number,
  body: () => Promise<unknown>,
): () => Promise<number> {
  return () =>
    run(async () => {
      let least = Infinity;
      for (let i = 0; i < REPETITIONS; i++) {
        const start = performance.now();
        await body();
        least = Math.min(least, performance.now() - start);
      }
      return least * 1e6 / operations;
    });
}

async function nothing(): Promise<void> {}

const SWITCHES = 100_000;
const SPAWNED = 20_000;
const SUSPENDED = 10_000;
const CHILDREN = 1_000;
const LIMITED = 20_000;
const CALLBACKS = 50_000;

const cases: Case[] = [
  {
    name: "switch between two tasks",
    goal: 8,
    measure: timed(2 * SWITCHES, async () => {
      const loop = async () => {
        for (let i = 0; i < SWITCHES; i++) await sleep(0);
      };
      const other = createTask(loop);
      await loop();
      await other;
    }),
  },
  {
    name: "spawn and await a task",
    goal: 4,
    measure: timed(SPAWNED, async () => {
      for (let i = 0; i < SPAWNED; i++) await createTask(nothing);
    }),
  },
  {
    name: "create and cancel suspended tasks",
    goal: 1.3,
    measure: timed(SUSPENDED, async () => {
      const tasks = Array.from(
        { length: SUSPENDED },
        () => createTask(async () => await sleep(3600)),
      );
      await sleep(0);
      for (const task of tasks) task.cancel();
      await gather(tasks, { returnExceptions: true });
    }),
  },
  {
    name: "gather, a child",
    goal: 2,
    measure: timed(20 * CHILDREN, async () => {
      const children = Array.from({ length: CHILDREN }, () => nothing);
      for (let i = 0; i < 20; i++) await gather(children);
    }),
  },
  {
    name: "task group, a child",
    goal: 2,
    measure: timed(20 * CHILDREN, async () => {
      for (let i = 0; i < 20; i++) {
        await taskGroup((group) => {
          for (let j = 0; j < CHILDREN; j++) group.createTask(nothing);
        });
      }
    }),
  },
  {
    name: "time limit round a switch",
    goal: 2,
    measure: timed(LIMITED, async () => {
      for (let i = 0; i < LIMITED; i++) await timeout(60, () => sleep(0));
    }),
  },
  {
    name: "callSoon",
    goal: 3,
    measure: timed(CALLBACKS, async () => {
      const loop = getRunningLoop();
      const callback = () => {};
      for (let i = 0; i < CALLBACKS; i++) loop.callSoon(callback);
      await sleep(0);
    }),
  },
];

/**
 * Measures all cases.
 *
 * @returns What came out.
 */
export function main(): Promise<Comparison[]> {
  return sideBySide("Tasks", "tasks.py", cases);
}

if (import.meta.main) await main();
