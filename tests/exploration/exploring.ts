// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  currentTask,
  sleep,
  type Task,
  TimeoutError,
  wait,
} from "../../mod.ts";
import {
  ExplorationError,
  explore,
  type ExploreOptions,
  type Trial,
} from "../../testing/mod.ts";

/** A body that is run in many orders of events; it throws if it failed. */
export type Body = (trial: Trial) => unknown;

/** How many times as many schedules are tried as the tests say: `EXPLORE_FACTOR`. */
const FACTOR = Number(Deno.env.get("EXPLORE_FACTOR") ?? 1);

/** Throws if a body goes wrong in one of many random schedules, or in one that is a bit out of the ordinary. */
export async function assertSound(
  body: Body,
  options: ExploreOptions = {},
): Promise<void> {
  const schedules = (options.schedules ?? 400) * FACTOR;
  for (const strategy of ["random", "exhaustive"] as const) {
    await explore(body, {
      strategy,
      cancellations: 2,
      seconds: Infinity,
      ...options,
      schedules,
    });
  }
}

/** Throws unless exploration finds out that a body goes wrong, whatever the seed, and shows it again. */
export async function assertFound(
  body: Body,
  options: ExploreOptions = {},
): Promise<void> {
  const attempts: ExploreOptions[] = [
    ...[1, 2, 3].map((seed) => ({ seed, schedules: 2000 })),
    { strategy: "exhaustive", schedules: 20_000 },
  ];
  for (const attempt of attempts) {
    const first = await assertRejects(
      () => explore(body, { seconds: Infinity, ...attempt, ...options }),
      ExplorationError,
    );
    const { replay } = first;
    const again = await assertRejects(
      () => explore(body, { replay }),
      ExplorationError,
    );
    assertEquals(again.trace, first.trace);
  }
}

/** Waits for tasks, each of which must end well, or be cancelled. */
export async function ended(tasks: readonly Task<unknown>[]): Promise<void> {
  await wait(tasks);
  for (const task of tasks) if (!task.cancelled()) task.result();
}

/** Throws unless a task that was cancelled ended so, and only such a one. */
export function assertHeeded(task: Task<unknown>): void {
  assertEquals(
    task.cancelled(),
    task.cancelling() > 0,
    `${task} was asked ${task.cancelling()} times to end`,
  );
}

/** Tasks that have asked for something, in that order, of which the first is to get it. */
export class Askers {
  readonly #tasks: Task<unknown>[] = [];

  /** Awaits the calling task's request; throws if an earlier request is still pending. */
  async grant<T>(wait: PromiseLike<T>): Promise<T> {
    const task = currentTask()!;
    this.#tasks.push(task);
    try {
      const granted = await wait;
      // A cancelled task no longer counts, even before the delivery of the cancellation.
      const first = this.#tasks.find((each) => each.cancelling() === 0);
      if (task.cancelling() === 0) {
        assertStrictEquals(task, first, "Not the first who asked");
      }
      return granted;
    } finally {
      this.#tasks.splice(this.#tasks.indexOf(task), 1);
    }
  }
}

/** Counts concurrent holders. */
export class Work {
  active = 0;
  finished = 0;

  /** Does some work, and cleans up, which takes a while too. */
  async run<T>(work: () => PromiseLike<T>): Promise<T> {
    this.active++;
    try {
      const result = await work();
      this.finished++;
      return result;
    } finally {
      try {
        await sleep(0);
      } finally {
        this.active--;
      }
    }
  }
}

/** The result of a wait with a time limit; `null` if the time was over. */
export async function orLate<T>(wait: Promise<T>): Promise<T | null> {
  try {
    return await wait;
  } catch (error) {
    if (error instanceof TimeoutError) return null;
    throw error;
  }
}
