// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { createTask, run, Runner } from "../tasks/mod.ts";
import {
  AbstractEventLoopPolicy,
  DefaultEventLoopPolicy,
  EventLoop,
  Future,
  getEventLoop,
  getEventLoopPolicy,
  getRunningLoop,
  newEventLoop,
  RuntimeError,
  setEventLoop,
  setEventLoopPolicy,
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

Deno.test("setEventLoop() refuses values other than loops, and keeps the previous loop", () => {
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

/** A policy that counts what it is asked for. */
class CountingPolicy extends DefaultEventLoopPolicy {
  readonly made: EventLoop[] = [];

  override newEventLoop(): EventLoop {
    const loop = super.newEventLoop();
    this.made.push(loop);
    return loop;
  }
}

Deno.test("getEventLoopPolicy() gives the ordinary policy at first", () => {
  const policy = getEventLoopPolicy();
  assert(policy instanceof DefaultEventLoopPolicy);
  assertStrictEquals(getEventLoopPolicy(), policy);
});

Deno.test("setEventLoopPolicy() decides what getEventLoop() and newEventLoop() give", async () => {
  const fallback = getEventLoop();
  const policy = new CountingPolicy();
  setEventLoopPolicy(policy);
  try {
    assertStrictEquals(getEventLoopPolicy(), policy);
    const loop = newEventLoop();
    assertEquals(policy.made, [loop]);
    setEventLoop(loop);
    assertStrictEquals(policy.getEventLoop(), loop);
    assertStrictEquals(getEventLoop(), loop);
    await run(() => assertStrictEquals(getEventLoop(), getRunningLoop()));
    loop.close();
  } finally {
    setEventLoopPolicy(null);
  }
  assertNotStrictEquals(getEventLoopPolicy(), policy);
  assertStrictEquals(getEventLoop(), fallback);
});

Deno.test("setEventLoopPolicy() decides what loop run() makes", async () => {
  const policy = new CountingPolicy();
  setEventLoopPolicy(policy);
  try {
    const loop = await run(() => getRunningLoop());
    assertEquals(policy.made, [loop]);
    await using runner = new Runner({ loopFactory: () => new EventLoop() });
    runner.getLoop();
    assertEquals(policy.made.length, 1);
  } finally {
    setEventLoopPolicy(null);
  }
});

Deno.test("setEventLoopPolicy() refuses other values, and keeps the previous policy", () => {
  const policy = getEventLoopPolicy();
  assertThrows(
    // @ts-expect-error -- no policy
    () => setEventLoopPolicy("uvloop"),
    TypeError,
    'The event loop policy must be an AbstractEventLoopPolicy or null: received "uvloop"',
  );
  assertStrictEquals(getEventLoopPolicy(), policy);
});

Deno.test("AbstractEventLoopPolicy does nothing by itself", () => {
  const policy = new AbstractEventLoopPolicy();
  for (
    const call of [
      () => policy.getEventLoop(),
      () => policy.setEventLoop(null),
      () => policy.newEventLoop(),
    ]
  ) assertThrows(call, Deno.errors.NotSupported, "is not implemented");
});
