// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { createTask, getRunningLoop, RateLimiter, sleep } from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import { Askers, assertHeeded, assertSound, ended } from "./exploring.ts";

Deno.test("RateLimiter keeps its rate and its order, in any order of events", () =>
  assertSound(async (trial) => {
    const limiter = new RateLimiter(1, { burst: 2 });
    const askers = new Askers();
    const passed: number[] = [];
    const tasks = [0, 0, 0, 1, 1].map((pause) =>
      createTask(async () => {
        await sleep(pause);
        await askers.grant(limiter.acquire());
        passed.push(getRunningLoop().time());
      })
    );
    for (const task of tasks.slice(1, 4)) trial.mayCancel(task);
    await ended(tasks);
    tasks.forEach(assertHeeded);
    for (const [i, from] of passed.entries()) {
      const within = passed.slice(i).filter((time) => time - from < 1).length;
      assert(within <= 2, "More than the burst at once");
    }
    assertEquals(String(limiter), "<RateLimiter [1 per 1 s]>");
  }));

Deno.test("RateLimiter uses up nothing when a task is cancelled at any await", async () => {
  const awaits = await cancelEverywhere(() => {
    const limiter = new RateLimiter(1);
    const passed: number[] = [];
    const start = getRunningLoop().time();
    const acquire = async () => {
      for (let i = 0; i < 3; i++) {
        await limiter.acquire();
        passed.push(getRunningLoop().time() - start);
      }
    };
    return {
      body: acquire,
      meanwhile: acquire,
      check: () => {
        assertEquals(passed, [0, 1, 2, 3, 4, 5].slice(0, passed.length));
        assertEquals(String(limiter), "<RateLimiter [1 per 1 s]>");
      },
    };
  });
  assertEquals(awaits, 2);
});
