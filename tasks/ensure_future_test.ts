// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  type Awaitable,
  Future,
  getRunningLoop,
  newEventLoop,
  Task,
} from "../loop/mod.ts";
import { createTask } from "./create_task.ts";
import { ensureFuture } from "./ensure_future.ts";
import { run } from "./run.ts";
import { sleep } from "./sleep.ts";

Deno.test("ensureFuture() leaves a future and a task as they are", () =>
  run(async () => {
    const future = new Future();
    const task = createTask(() => {});
    assertStrictEquals(ensureFuture(future), future);
    assertStrictEquals(ensureFuture(task), task);
    assertStrictEquals(ensureFuture(task, { loop: getRunningLoop() }), task);
    await task;
  }));

Deno.test("ensureFuture() makes a task of a function", () =>
  run(async () => {
    const future = ensureFuture(() => sleep(0, "result"));
    assertInstanceOf(future, Task);
    assertEquals(await future, "result");
  }));

Deno.test("ensureFuture() wraps a promise or a thenable", () =>
  run(async () => {
    const future = ensureFuture(Promise.resolve("promise"));
    assert(future instanceof Future);
    assertFalse(future instanceof Task);
    assertEquals(await future, "promise");
    const thenable = {
      then: (resolve: (value: string) => void) => resolve("thenable"),
    } as PromiseLike<string>;
    assertEquals(await ensureFuture(thenable), "thenable");
  }));

Deno.test("ensureFuture() makes futures of the loop that it is given", async () => {
  const loop = newEventLoop();
  const task = ensureFuture(() => 1, { loop });
  assertStrictEquals(task.getLoop(), loop);
  const wrapped = ensureFuture(Promise.resolve(2), { loop });
  assertStrictEquals(wrapped.getLoop(), loop);
  assertEquals(await loop.runUntilComplete(task), 1);
  assertEquals(await loop.runUntilComplete(wrapped), 2);
  loop.close();
});

Deno.test("ensureFuture() rejects a future of another loop", () => {
  const loop = newEventLoop();
  assertThrows(
    () => ensureFuture(new Future(), { loop }),
    RangeError,
    "The loop of ensureFuture() must be the loop of the future: received another one",
  );
  loop.close();
});

Deno.test("ensureFuture() rejects what cannot be awaited", () => {
  for (
    const [value, received] of [
      [1, "1"],
      [null, "null"],
      [undefined, "undefined"],
      [{}, "an instance of Object"],
    ]
  ) {
    assertThrows(
      () => ensureFuture(value as unknown as Awaitable<void>),
      TypeError,
      `The awaitable of ensureFuture() must be a future, a promise or a function: received ${received}`,
    );
  }
});
