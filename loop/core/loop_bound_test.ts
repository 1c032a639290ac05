// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { LoopBound } from "./loop_bound.ts";
import { Scheduler } from "./scheduler.ts";

Deno.test("LoopBound.bind() accepts the first loop and refuses every other", () => {
  const bound = new LoopBound("lock");
  const [first, second] = [new Scheduler(), new Scheduler()];
  assertEquals(bound.bind(first), null);
  assertEquals(bound.bind(first), null);
  assertEquals(
    bound.bind(second)?.message,
    "Cannot wait for the lock as it is bound to another event loop",
  );
  assertEquals(bound.bind(first), null);
});
