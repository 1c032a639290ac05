// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Task } from "../loop/core/task.ts";
import { assertInstance } from "../loop/core/validate.ts";
import type { ExploringLoop } from "./_exploring_loop.ts";
import type { Random } from "./_random.ts";

/** Creates the trial of a schedule. */
export let makeTrial: (loop: ExploringLoop, random: Random) => Trial;

/**
 * One of the many runs of a body; `explore()` passes it to the body.
 *
 * @category Tests
 */
export class Trial {
  readonly #loop: ExploringLoop;
  readonly #random: Random;

  static {
    makeTrial = (loop, random) => new Trial(loop, random);
  }

  private constructor(loop: ExploringLoop, random: Random) {
    this.#loop = loop;
    this.#random = random;
  }

  /**
   * Allows `explore()` to cancel a task at any time from now on.
   *
   * @typeParam T The type of the task.
   * @param task The task.
   * @returns The same task.
   *
   * @example A lock whose waiter is cancelled at any moment
   * ```ts
   * import { createTask, Lock, sleep, wait } from "@asyncio/asyncio";
   * import { explore } from "@asyncio/asyncio/testing";
   * import { assertEquals } from "@std/assert";
   *
   * await explore(async (trial) => {
   *   const lock = new Lock();
   *   const work = async () => {
   *     using _ = await lock.acquire();
   *     await sleep(1);
   *   };
   *   await wait([createTask(work), trial.mayCancel(createTask(work)), createTask(work)]);
   *   assertEquals(lock.locked(), false);
   * }, { schedules: 100 });
   * ```
   */
  mayCancel<T extends Task<unknown>>(task: T): T {
    assertInstance("The task of mayCancel()", "a Task", Task, task);
    this.#loop.mayCancel(task);
    return task;
  }

  /**
   * Returns a random number, from 0 to less than 1, that is the same when the schedule is run again.
   *
   * @returns The number.
   *
   * @example Usage
   * ```ts
   * import { sleep } from "@asyncio/asyncio";
   * import { explore } from "@asyncio/asyncio/testing";
   *
   * await explore((trial) => sleep(trial.random()), { schedules: 10 });
   * ```
   */
  random(): number {
    return this.#random.next();
  }
}
