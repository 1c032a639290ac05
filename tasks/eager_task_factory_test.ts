// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import {
  currentTask,
  EventLoop,
  getRunningLoop,
  sleep,
  Task,
  taskGroup,
} from "../mod.ts";
import { createTask } from "./create_task.ts";
import { createEagerTaskFactory, eagerTaskFactory } from "./mod.ts";
import { run } from "./run.ts";

Deno.test("eagerTaskFactory runs a body up to its first await at once", () =>
  run(async () => {
    getRunningLoop().setTaskFactory(eagerTaskFactory);
    const events: string[] = [];
    const task = createTask(async () => {
      events.push("begins");
      await sleep(0);
      events.push("ends");
      return 1;
    }, { name: "eager" });
    events.push("created");
    assertEquals(task.getName(), "eager");
    assertEquals(await task, 1);
    assertEquals(events, ["begins", "created", "ends"]);
  }));

Deno.test("eagerTaskFactory makes the eager task current, and then its creator again", () =>
  run(() => {
    getRunningLoop().setTaskFactory(eagerTaskFactory);
    const creator = currentTask();
    let seen: unknown = null;
    const task = createTask(() => void (seen = currentTask()));
    assert(seen === task);
    assert(currentTask() === creator);
  }));

Deno.test("eagerTaskFactory serves task groups", () =>
  run(async () => {
    getRunningLoop().setTaskFactory(eagerTaskFactory);
    const events: string[] = [];
    await taskGroup((group) => {
      group.createTask(() => events.push("child"));
      events.push("body");
    });
    assertEquals(events, ["child", "body"]);
  }));

Deno.test("eagerTaskFactory lets a single task start lazily", () =>
  run(async () => {
    getRunningLoop().setTaskFactory(eagerTaskFactory);
    const task = createTask(() => 1, { eagerStart: false });
    assertFalse(task.done());
    assertEquals(await task, 1);
  }));

Deno.test("eagerTaskFactory runs nothing before the loop runs", async () => {
  const events: string[] = [];
  const result = await run(() => {
    events.push("main");
    return getRunningLoop().isRunning();
  }, {
    loopFactory: () => {
      const loop = new EventLoop();
      loop.setTaskFactory(eagerTaskFactory);
      events.push("loop");
      loop.createTask(() => events.push("early"));
      events.push("made");
      return loop;
    },
  });
  assert(result);
  assertEquals(events, ["loop", "made", "early", "main"]);
});

Deno.test("createEagerTaskFactory() makes tasks of the class that it is given", () =>
  run(async () => {
    class Traced<T> extends Task<T> {}
    getRunningLoop().setTaskFactory(createEagerTaskFactory(Traced));
    const task = createTask(() => sleep(0, 3));
    assert(task instanceof Traced);
    assertEquals(await task, 3);
  }));

Deno.test("createEagerTaskFactory() rejects a non-class", () => {
  assertThrows(
    // @ts-expect-error -- no class
    () => createEagerTaskFactory(null),
    TypeError,
    "The constructor of createEagerTaskFactory() must be a class of tasks: received null",
  );
});
