// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Measures tasks, alongside Python's asyncio, uvloop, and the least that JavaScript needs.
 *
 * ```sh
 * deno run -A bench/tasks.ts
 * ```
 *
 * @module
 */

import {
  createTask,
  Future,
  gather,
  getRunningLoop,
  Semaphore,
  sleep,
  taskGroup,
  timeout,
  waitFor,
} from "../mod.ts";
import * as minimum from "./minimum.ts";
import { type Case, type Comparison, sideBySide } from "./side_by_side.ts";

async function nothing(): Promise<void> {}

const TURNS = 100_000;
const MANY = 100;
const SPAWNED = 20_000;
const CHILDREN = 1_000;
const TIMES = 20;
const AT_A_TIME = 10;
const LIMITED = 20_000;
const SUSPENDED = 10_000;
const CALLBACKS = 50_000;

const cases: Case[] = [
  {
    name: "spawn and await a task",
    operations: SPAWNED,
    goal: 8,
    uvloopGoal: 5,
    async body() {
      for (let i = 0; i < SPAWNED; i++) await createTask(nothing);
    },
    minimum: () => minimum.spawn(SPAWNED),
  },
  {
    name: "task group, a child",
    operations: TIMES * CHILDREN,
    goal: 8,
    uvloopGoal: 5,
    async body() {
      for (let i = 0; i < TIMES; i++) {
        await taskGroup((group) => {
          for (let j = 0; j < CHILDREN; j++) group.createTask(nothing);
        });
      }
    },
    minimum: () => minimum.spawnTogether(TIMES, CHILDREN),
  },
  {
    name: "gather, a child",
    operations: TIMES * CHILDREN,
    goal: 8,
    uvloopGoal: 5,
    async body() {
      const children = Array(CHILDREN).fill(nothing);
      for (let i = 0; i < TIMES; i++) await gather(children);
    },
    minimum: () => minimum.spawnTogether(TIMES, CHILDREN),
  },
  {
    name: "sleep(0), one task",
    operations: TURNS,
    goal: 7,
    uvloopGoal: 3,
    body: () => takeTurns(1),
    minimum: () => minimum.takeTurns(1, TURNS),
  },
  {
    name: "sleep(0), a hundred tasks",
    operations: TURNS,
    goal: 3.4,
    uvloopGoal: 1.8,
    body: () => takeTurns(MANY),
    minimum: () => minimum.takeTurns(MANY, TURNS / MANY),
  },
  {
    name: "1,000 jobs, 10 at a time, a job",
    operations: TIMES * CHILDREN,
    goal: 3.4,
    uvloopGoal: 2.7,
    async body() {
      const semaphore = new Semaphore(AT_A_TIME);
      const jobs = Array(CHILDREN).fill(async () => {
        using _ = await semaphore.acquire();
        await sleep(0);
      });
      for (let i = 0; i < TIMES; i++) await gather(jobs);
    },
    minimum: () => minimum.limitJobs(TIMES, CHILDREN, AT_A_TIME),
  },
  {
    name: "time limit round sleep(0)",
    operations: LIMITED,
    goal: 3.2,
    uvloopGoal: 5,
    async body() {
      for (let i = 0; i < LIMITED; i++) await timeout(60, () => sleep(0));
    },
    minimum: () => minimum.limitTime(LIMITED),
  },
  {
    name: "waitFor() of sleep(0)",
    operations: LIMITED,
    goal: 4,
    uvloopGoal: 4.5,
    async body() {
      for (let i = 0; i < LIMITED; i++) await waitFor(() => sleep(0), 60);
    },
    minimum: () => minimum.limitTime(LIMITED),
  },
  {
    name: "cancel 10,000 tasks, a task",
    operations: SUSPENDED,
    goal: 4,
    uvloopGoal: 2.8,
    async body() {
      const tasks = Array.from(
        { length: SUSPENDED },
        () => createTask(async () => await sleep(3600)),
      );
      await sleep(0);
      for (const task of tasks) task.cancel();
      await gather(tasks, { returnExceptions: true });
    },
    minimum: () => minimum.cancel(SUSPENDED),
  },
  {
    name: "callSoon() from a task",
    operations: CALLBACKS,
    goal: 4,
    uvloopGoal: 1.5,
    async body() {
      const loop = getRunningLoop();
      const callback = () => {};
      for (let i = 0; i < CALLBACKS; i++) loop.callSoon(callback);
      await sleep(0);
    },
    minimum: () => minimum.callSoon(CALLBACKS),
  },
  {
    name: "await a future that is done",
    operations: TURNS,
    async body() {
      const future = new Future<number>();
      future.setResult(1);
      for (let i = 0; i < TURNS; i++) await future;
    },
    minimum: () => minimum.awaitDone(TURNS),
  },
];

async function takeTurns(tasks: number): Promise<void> {
  const work = async () => {
    for (let i = 0; i < TURNS / tasks; i++) await sleep(0);
  };
  await (tasks === 1 ? work() : gather(Array(tasks).fill(work)));
}

/**
 * Measures all cases.
 *
 * @returns The results.
 */
export function main(): Promise<Comparison[]> {
  return sideBySide("Tasks", "tasks.py", cases);
}

if (import.meta.main) await main();
