// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type EventLoop, Future, newEventLoop } from "../loop/mod.ts";
import { allTasks } from "./all_tasks.ts";
import { createTask } from "./create_task.ts";
import { currentTask } from "./current_task.ts";
import { run } from "./run.ts";
import { sleep } from "./sleep.ts";

Deno.test("allTasks() returns the tasks that are not done, in the order of their creation", () =>
  run(async () => {
    const main = currentTask()!;
    const gate = new Future<void>();
    const a = createTask(() => sleep(3600));
    const b = createTask(() => {});
    const c = createTask(() => gate);
    assertEquals([...allTasks()], [main, a, b, c]);
    await b;
    assertEquals([...allTasks()], [main, a, c]);
    a.cancel();
    gate.setResult();
    await c;
    assertEquals([...allTasks()], [main]);
  }));

Deno.test("allTasks() returns a new set each time", () =>
  run(() => {
    const tasks = allTasks();
    tasks.clear();
    assertEquals(allTasks().size, 1);
  }));

Deno.test("allTasks() omits a task that its eager start has completed", () =>
  run(() => {
    createTask(() => 1, { eagerStart: true });
    assertEquals(allTasks().size, 1);
  }));

Deno.test("allTasks() of a loop returns only the tasks of that loop", async () => {
  const loop = newEventLoop();
  const task = loop.createTask(() => {});
  await run(() => {
    assertEquals([...allTasks()], [currentTask()]);
    assertEquals([...allTasks(loop)], [task]);
  });
  await loop.runUntilComplete(task);
  assertEquals(allTasks(loop).size, 0);
  loop.close();
});

Deno.test("allTasks() outside every task returns the tasks of the default loop", async () => {
  assertEquals(allTasks().size, 0);
  const task = createTask(() => {});
  assertStrictEquals([...allTasks()][0], task);
  await task;
  assertEquals(allTasks().size, 0);
});

Deno.test("allTasks() refuses a loop that is none", () => {
  assertThrows(
    () => allTasks("loop" as unknown as EventLoop),
    TypeError,
    'The loop must be an EventLoop: received "loop"',
  );
});
