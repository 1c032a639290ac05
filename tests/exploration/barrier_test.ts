// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { Barrier, BrokenBarrierError, createTask, sleep } from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import {
  assertFound,
  assertHeeded,
  assertSound,
  type Body,
  ended,
} from "./exploring.ts";
import { HastyBarrier } from "./planted/hasty_barrier.ts";

interface AnyBarrier {
  wait(): PromiseLike<unknown>;
}

const PARTIES = 3;
const ROUNDS = 2;

/** No task may begin a round before all have ended the one before. */
function marching(makeBarrier: () => AnyBarrier): Body {
  return async () => {
    const barrier = makeBarrier();
    const arrived = new Array<number>(ROUNDS).fill(0);
    const tasks = Array.from({ length: PARTIES }, () =>
      createTask(async () => {
        for (let round = 0; round < ROUNDS; round++) {
          arrived[round]!++;
          await barrier.wait();
          assertEquals(arrived[round], PARTIES, `In round ${round}`);
        }
      }));
    await ended(tasks);
  };
}

Deno.test("Barrier releases no task before all have arrived, in any order of events", () =>
  assertSound(marching(() => new Barrier(PARTIES))));

Deno.test("explore() finds a barrier that releases an early task of the next round", () =>
  assertFound(marching(() => new HastyBarrier(PARTIES))));

/** The outcome of a wait at a barrier. */
async function outcomeAt(barrier: Barrier): Promise<number | null> {
  try {
    return await barrier.wait();
  } catch (error) {
    if (error instanceof BrokenBarrierError) return null;
    throw error;
  }
}

for (const method of ["abort", "reset"] as const) {
  Deno.test(`Barrier.${method}() releases all waiters, in any order of events`, () =>
    assertSound(async (trial) => {
      const barrier = new Barrier(PARTIES);
      const indices: (number | null)[] = [];
      const tasks = Array.from(
        { length: PARTIES },
        () =>
          createTask(async () => void indices.push(await outcomeAt(barrier))),
      );
      trial.mayCancel(tasks[0]!);
      const other = createTask(async () => {
        await sleep(1);
        await barrier[method]();
        // A task that arrives after a reset waits anew.
        await sleep(1);
        await barrier.abort();
      });
      await ended([...tasks, other]);
      tasks.forEach(assertHeeded);
      const passed = indices.filter((each) => each !== null);
      assertEquals(new Set(passed).size, passed.length);
      assert(passed.every((each) => each >= 0 && each < PARTIES));
      assert(barrier.broken);
      assertEquals(barrier.nWaiting, 0);
    }));
}

Deno.test("Barrier stays consistent when a task that waits at it is cancelled at any await", async () => {
  const awaits = await cancelEverywhere(() => {
    const barrier = new Barrier(2);
    return {
      body: async () => {
        await barrier.wait();
        await barrier.wait();
      },
      meanwhile: async () => {
        const others = [1, 2, 3, 4].map(() =>
          createTask(() => outcomeAt(barrier))
        );
        await sleep(10);
        await barrier.abort();
        await ended(others);
      },
      check: () => {
        assert(barrier.broken);
        assertEquals(barrier.nWaiting, 0);
      },
    };
  });
  assert(awaits >= 1);
});
