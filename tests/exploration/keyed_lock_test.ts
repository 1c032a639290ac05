// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { createTask, KeyedLock, sleep } from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import { Askers, assertHeeded, assertSound, ended } from "./exploring.ts";

Deno.test("KeyedLock excludes in order and forgets keys, in any order of events", () =>
  assertSound(async (trial) => {
    const locks = new KeyedLock<string>();
    const holders = new Map<string, number>();
    const askers = new Map([["a", new Askers()], ["b", new Askers()]]);
    const hold = (key: string) =>
      createTask(async () => {
        using _ = await askers.get(key)!.grant(locks.acquire(key));
        assertEquals(holders.get(key) ?? 0, 0, "Two hold the lock of a key");
        holders.set(key, 1);
        try {
          await sleep(1);
        } finally {
          holders.set(key, 0);
        }
      });
    const tasks = ["a", "b", "a", "a", "b"].map(hold);
    for (const task of tasks.slice(1, 4)) trial.mayCancel(task);
    await ended(tasks);
    tasks.forEach(assertHeeded);
    assertEquals(locks.size, 0);
  }));

Deno.test("KeyedLock is never left locked when a task is cancelled at any await", async () => {
  const awaits = await cancelEverywhere(() => {
    const locks = new KeyedLock<string>();
    const work = async () => {
      using _a = await locks.acquire("a");
      using _b = await locks.acquire("b");
      await sleep(1);
    };
    return {
      body: work,
      meanwhile: work,
      check: () => assertEquals(locks.size, 0),
    };
  });
  assertEquals(awaits, 1);
});
