// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { CancelledError, getRunningLoop } from "../loop/mod.ts";
import { Semaphore } from "../sync/semaphore.ts";
import { cancelEverywhere } from "../testing/cancel_everywhere.ts";
import { explore } from "../testing/explore.ts";
import { inVirtualTime } from "../testing/in_virtual_time.ts";
import { allTasks } from "./all_tasks.ts";
import { createTask } from "./create_task.ts";
import { forEachConcurrent } from "./for_each_concurrent.ts";
import { sleep } from "./sleep.ts";

// It shares its engine with mapConcurrent(), whose tests have more.

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

Deno.test(
  "forEachConcurrent() calls the function for each item, up to its limit at a time",
  inVirtualTime(async () => {
    for (const limit of [1, 3, new Semaphore(3), [3, new Semaphore(9)]]) {
      let running = 0;
      let most = 0;
      const seen: unknown[] = [];
      const begin = getRunningLoop().time();
      const result = await forEachConcurrent(numbers(9), async (n, index) => {
        seen.push([n, index]);
        most = Math.max(most, ++running);
        await sleep(1);
        running--;
      }, { limit });
      assertEquals(result, undefined);
      assertEquals(seen, numbers(9).map((n) => [n, n]));
      assertEquals(most, limit === 1 ? 1 : 3);
      assertEquals(getRunningLoop().time() - begin, 9 / most);
    }
  }),
);

Deno.test(
  "forEachConcurrent() begins no further call after an error, and throws that",
  inVirtualTime(async () => {
    const error = new RangeError("three");
    let cleaned = 0;
    let begun = 0;
    const thrown = await assertRejects(() =>
      forEachConcurrent(numbers(100), async (n) => {
        begun++;
        try {
          await sleep(n === 3 ? 1 : 2);
          if (n === 3) throw error;
        } finally {
          cleaned++;
        }
      }, { limit: 5 })
    );
    assertStrictEquals(thrown, error);
    assertEquals([begun, cleaned], [5, 5]);
    assertEquals(allTasks().size, 1);
  }),
);

Deno.test("forEachConcurrent() works outside every task", async () => {
  let sum = 0;
  await forEachConcurrent(numbers(10), async (n) => {
    await sleep(0.001);
    sum += n;
  }, { limit: 5 });
  assertEquals(sum, 45);
});

Deno.test("forEachConcurrent() takes a million items without growing", async () => {
  let sum = 0;
  const items = function* () {
    for (let i = 0; i < 1_000_000; i++) yield 1;
  };
  await forEachConcurrent(items(), (n) => void (sum += n), { limit: 8 });
  assertEquals(sum, 1_000_000);
});

Deno.test("forEachConcurrent() ends its calls in any order of events", async () => {
  await explore(async (trial) => {
    let running = 0;
    let done = 0;
    const task = createTask(() =>
      forEachConcurrent(numbers(5), async (n) => {
        assert(++running <= 2);
        try {
          await sleep(n % 2);
          done++;
        } finally {
          running--;
        }
      }, { limit: 2 })
    );
    trial.mayCancel(task);
    await task.catch((error) => assert(error instanceof CancelledError));
    assertEquals(running, 0);
    if (!task.cancelled()) assertEquals(done, 5);
  }, { strategy: "exhaustive", schedules: 3000, deviations: 2 });
});

Deno.test("forEachConcurrent() ends its calls wherever it is cancelled", async () => {
  const awaits = await cancelEverywhere(() => {
    let running = 0;
    return {
      body: () =>
        forEachConcurrent(numbers(5), async (n) => {
          running++;
          try {
            await sleep(n);
          } finally {
            running--;
          }
        }, { limit: 2 }),
      check: () => assertEquals(running, 0),
    };
  });
  assertEquals(awaits, 1);
});
