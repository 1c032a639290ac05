// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertFalse } from "@std/assert";
import { run, sleep } from "../../tasks/mod.ts";
import { Future, isFuture, Task } from "../mod.ts";

Deno.test("isFuture() knows futures, tasks and what operations return", () =>
  run(async () => {
    const task = new Task(() => {});
    assert(isFuture(new Future()));
    assert(isFuture(task));
    assert(isFuture(sleep(0)));
    await task;
  }));

Deno.test("isFuture() takes nothing else for a future", () => {
  const others = [
    Promise.resolve(),
    { then() {} },
    () => {},
    Future,
    null,
    undefined,
    0,
    "future",
  ];
  for (const other of others) assertFalse(isFuture(other));
});
