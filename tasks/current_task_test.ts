// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type EventLoop,
  Future,
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  type Task,
} from "../loop/mod.ts";
import { createTask } from "./create_task.ts";
import { currentTask } from "./current_task.ts";
import { run } from "./run.ts";
import { sleep } from "./sleep.ts";

Deno.test("currentTask() returns the calling task, before and after an await", () =>
  run(async () => {
    const main = currentTask();
    const task: Task<void> = createTask(async () => {
      assertStrictEquals(currentTask(), task);
      await sleep(0);
      assertStrictEquals(currentTask(), task);
      await Promise.resolve();
      assertStrictEquals(currentTask(), task);
    });
    assertStrictEquals(currentTask(), main);
    await task;
    assertStrictEquals(currentTask(), main);
  }));

Deno.test("currentTask() returns null outside every task", async () => {
  assertEquals(currentTask(), null);
  await createTask(() => {});
  assertEquals(currentTask(), null);
});

Deno.test("currentTask() returns null in a callback, even one that a task scheduled", () =>
  run(async () => {
    const seen = new Future<unknown>();
    getRunningLoop().callSoon(() => seen.setResult([currentTask()]));
    assertEquals(await seen, [null]);
  }));

Deno.test("currentTask() of a loop returns null in a task of another loop", async () => {
  const other = newEventLoop();
  await run(() => {
    const task = currentTask();
    assertStrictEquals(currentTask(getRunningLoop()), task);
    assertEquals(currentTask(other), null);
    assertEquals(currentTask(getEventLoop()), task);
  });
  assertEquals(currentTask(other), null);
  other.close();
});

Deno.test("currentTask() refuses a loop that is none", () => {
  assertThrows(
    () => currentTask({} as EventLoop),
    TypeError,
    "The loop must be an EventLoop: received an instance of Object",
  );
});
