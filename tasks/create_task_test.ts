// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  Future,
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  RuntimeError,
  Task,
} from "../loop/mod.ts";
import { allTasks } from "./all_tasks.ts";
import { createTask } from "./create_task.ts";
import { run } from "./run.ts";
import { sleep } from "./sleep.ts";

Deno.test("createTask() starts a function soon, in the order of the calls", () =>
  run(async () => {
    const calls: string[] = [];
    const tasks = ["a", "b"].map((name) =>
      createTask(async () => {
        calls.push(name);
        return await sleep(0, name);
      })
    );
    assertEquals(calls, []);
    assertInstanceOf(tasks[0], Task);
    assertEquals([await tasks[0], await tasks[1]], ["a", "b"]);
    assertEquals(calls, ["a", "b"]);
  }));

Deno.test("createTask() infers the type of the result", () =>
  run(async () => {
    const plain = createTask(() => 1);
    const promise = createTask(() => Promise.resolve("two"));
    const future = createTask(() => sleep(0, true));
    assertType<IsExact<typeof plain, Task<number>>>(true);
    assertType<IsExact<typeof promise, Task<string>>>(true);
    assertType<IsExact<typeof future, Task<boolean>>>(true);
    assertEquals([await plain, await promise, await future], [1, "two", true]);
  }));

Deno.test("createTask() makes a task of the loop that runs the caller", async () => {
  await run(async () => {
    const loop = getRunningLoop();
    const task = createTask(() => [getRunningLoop()]);
    assertStrictEquals(task.getLoop(), loop);
    assertStrictEquals((await task)[0], loop);
    const made = new Future<boolean>();
    loop.callSoon(() =>
      made.setResult(createTask(() => {}).getLoop() === loop)
    );
    assert(await made);
  });
  const task = createTask(() => "outside");
  assertStrictEquals(task.getLoop(), getEventLoop());
  assertEquals(await task, "outside");
});

Deno.test("createTask() rejects a non-function and says what to write instead", () =>
  run(() => {
    const wrong: [unknown, string][] = [
      [
        Promise.resolve(),
        "createTask() takes the function itself: createTask(coro) or createTask(() => coro(…)), not createTask(coro())",
      ],
      [
        new Future(),
        "createTask() takes the function itself: createTask(coro) or createTask(() => coro(…)), not createTask(coro())",
      ],
      ["f", 'The coro of createTask() must be a function: received "f"'],
      [null, "The coro of createTask() must be a function: received null"],
      [undefined, "received undefined"],
    ];
    for (const [value, message] of wrong) {
      assertThrows(
        () => createTask(value as () => void),
        TypeError,
        message,
      );
    }
    assertEquals(allTasks().size, 1);
  }));

Deno.test("createTask() in code that outlived its loop throws a RuntimeError", async () => {
  const loop = newEventLoop();
  loop.setExceptionHandler(() => {});
  const gate = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<unknown>();
  loop.createTask(async () => {
    await gate.promise;
    try {
      createTask(() => {});
      seen.resolve(null);
    } catch (error) {
      seen.resolve(error);
    }
  });
  await loop.runUntilComplete(() => sleep(0));
  loop.close();
  gate.resolve();
  assertInstanceOf(await seen.promise, RuntimeError);
});
