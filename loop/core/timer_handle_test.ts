// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
} from "@std/assert";
import { FakeHost, newVirtualLoop } from "../../tests/doubles/fake_host.ts";
import { run, sleep } from "../../tasks/mod.ts";
import { getEventLoop, getRunningLoop, Handle, TimerHandle } from "../mod.ts";

const VIRTUAL = { loopFactory: () => newVirtualLoop() };

Deno.test("TimerHandle.when() says when the callback is due", () =>
  run(async () => {
    const loop = getRunningLoop();
    await sleep(5);
    const later = loop.callLater(2.5, () => {});
    const at = loop.callAt(100, () => {});
    assertInstanceOf(later, TimerHandle);
    assertInstanceOf(later, Handle);
    assertEquals(later.when(), 7.5);
    assertEquals(at.when(), 100);
    later.cancel();
    at.cancel();
    assertEquals(at.when(), 100);
  }, VIRTUAL));

Deno.test("TimerHandle.cancel() takes the callback back", () =>
  run(async () => {
    const calls: string[] = [];
    const loop = getRunningLoop();
    const first = loop.callLater(1, () => calls.push("first"));
    loop.callLater(2, () => calls.push("second"));
    assertFalse(first.cancelled());
    first.cancel();
    first.cancel();
    assert(first.cancelled());
    await sleep(3);
    assertEquals(calls, ["second"]);
  }, VIRTUAL));

Deno.test("TimerHandle.cancel() counts even when the callback is ready already", () =>
  run(async () => {
    const calls: string[] = [];
    const loop = getRunningLoop();
    loop.callAt(1, () => second.cancel());
    const second = loop.callAt(1, () => calls.push("second"));
    await sleep(2);
    assertEquals(calls, []);
  }, VIRTUAL));

Deno.test("TimerHandle.cancel() leaves the host no timer to wait for", async () => {
  const host = new FakeHost();
  await run(async () => {
    const handle = getRunningLoop().callLater(3600, () => {});
    await sleep(1);
    handle.cancel();
  }, { loopFactory: () => newVirtualLoop(host) });
  assertEquals(host.pendingTimers, 0);
  assertEquals(host.now(), 1);
});

Deno.test("TimerHandle.cancel() outside every loop leaves the host no timer either", async () => {
  const handle = getEventLoop().callLater(3600, () => {});
  await new Promise((resolve) => setImmediate(resolve));
  // The sanitizer would find the timer.
  handle.cancel();
});

Deno.test("TimerHandle.cancel() of a callback that was called does nothing", () =>
  run(async () => {
    const calls: string[] = [];
    const loop = getRunningLoop();
    const handle = loop.callLater(1, () => calls.push("called"));
    await sleep(1);
    await sleep(0);
    handle.cancel();
    const other = loop.callLater(1, () => calls.push("other"));
    await sleep(2);
    assertEquals(calls, ["called", "other"]);
    assertFalse(other.cancelled());
  }, VIRTUAL));
