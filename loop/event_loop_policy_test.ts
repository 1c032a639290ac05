// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { run, Runner } from "../tasks/mod.ts";
import {
  AbstractEventLoopPolicy,
  DefaultEventLoopPolicy,
  EventLoop,
  getEventLoop,
  getEventLoopPolicy,
  getRunningLoop,
  newEventLoop,
  setEventLoop,
  setEventLoopPolicy,
} from "./mod.ts";

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

Deno.test("setEventLoopPolicy() refuses what is no policy, and keeps the one there was", () => {
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
