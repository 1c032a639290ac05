// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { createTask, run } from "../tasks/mod.ts";
import {
  EventLoop,
  Future,
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  RuntimeError,
  setEventLoop,
} from "./mod.ts";

Deno.test("getRunningLoop() gives the loop of the calling task or callback", async () => {
  const loop = newEventLoop();
  const seen: EventLoop[] = [];
  await run(async () => {
    seen.push(getRunningLoop());
    const called = new Future<void>();
    loop.callSoon(() => {
      seen.push(getRunningLoop());
      called.setResult();
    });
    await called;
    await Promise.resolve();
    seen.push(getRunningLoop());
  }, { loopFactory: () => loop });
  assertEquals(seen.length, 3);
  for (const each of seen) assertStrictEquals(each, loop);
});

Deno.test("getRunningLoop() throws where no loop runs the caller", () => {
  assertThrows(
    () => getRunningLoop(),
    RuntimeError,
    "There is no running event loop here: call it in a task or a callback",
  );
});

Deno.test("getRunningLoop() gives the default loop in a task outside run()", async () => {
  assertStrictEquals(await createTask(() => getRunningLoop()), getEventLoop());
});

Deno.test("getEventLoop() gives the running loop, or else the default one", async () => {
  const fallback = getEventLoop();
  assertStrictEquals(getEventLoop(), fallback);
  assert(fallback.isRunning());
  await run(() => {
    assertStrictEquals(getEventLoop(), getRunningLoop());
    assertNotStrictEquals(getEventLoop(), fallback);
  });
});

Deno.test("setEventLoop() says what getEventLoop() gives outside every loop", async () => {
  const fallback = getEventLoop();
  const loop = newEventLoop();
  setEventLoop(loop);
  try {
    assertStrictEquals(getEventLoop(), loop);
    await run(() => assertStrictEquals(getEventLoop(), getRunningLoop()));
    assertStrictEquals(getEventLoop(), loop);
  } finally {
    setEventLoop(null);
    loop.close();
  }
  assertStrictEquals(getEventLoop(), fallback);
});

Deno.test("setEventLoop() refuses what is no loop, and keeps the one there was", () => {
  const fallback = getEventLoop();
  assertThrows(
    // @ts-expect-error -- no loop
    () => setEventLoop({}),
    TypeError,
    "The loop must be an EventLoop: received an instance of Object",
  );
  assertStrictEquals(getEventLoop(), fallback);
});

Deno.test("newEventLoop() makes a loop that does not run", () => {
  const loop = newEventLoop();
  assert(loop instanceof EventLoop);
  assertFalse(loop.isRunning());
  assertFalse(loop.isClosed());
  assertNotStrictEquals(newEventLoop(), loop);
  loop.close();
});
