// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { createTask, run, sleep } from "../tasks/mod.ts";
import { LifoQueue } from "./lifo_queue.ts";
import { Queue } from "./queue.ts";

Deno.test("LifoQueue returns the newest item first", async () => {
  const queue = new LifoQueue<number>();
  assertInstanceOf(queue, Queue);
  for (const item of [1, 3, 2]) await queue.put(item);
  assertEquals(
    [await queue.get(), await queue.get(), await queue.get()],
    [2, 3, 1],
  );
  assert(queue.empty());
});

Deno.test("LifoQueue.put() waits while the queue is full", () =>
  run(async () => {
    const queue = new LifoQueue<number>(2);
    const task = createTask(async () => {
      for (const item of [1, 2, 3]) await queue.put(item);
    });
    await sleep(0);
    assert(queue.full());
    assertEquals(await queue.get(), 2);
    await task;
    assertEquals([queue.getNowait(), queue.getNowait()], [3, 1]);
  }));
