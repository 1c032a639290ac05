// Copyright 2026 the asyncio for Deno authors. MIT license.

import { AsyncLocalStorage } from "node:async_hooks";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import { recordExceptions } from "../../tests/doubles/exceptions.ts";
import { FakeHost, newVirtualLoop } from "../../tests/doubles/fake_host.ts";
import { createTask, currentTask, run, sleep } from "../../tasks/mod.ts";
import {
  Future,
  getEventLoop,
  getRunningLoop,
  Handle,
  TimerHandle,
} from "../mod.ts";

Deno.test("Handle.cancel() takes the callback back", () =>
  run(async () => {
    const calls: string[] = [];
    const handle = getRunningLoop().callSoon(() => calls.push("never"));
    assertInstanceOf(handle, Handle);
    assertFalse(handle.cancelled());
    handle.cancel();
    assert(handle.cancelled());
    handle.cancel();
    await sleep(0);
    assertEquals(calls, []);
  }));

Deno.test("Handle.cancel() by an earlier callback of the same round still counts", () =>
  run(async () => {
    const calls: string[] = [];
    const loop = getRunningLoop();
    loop.callSoon(() => second.cancel());
    const second = loop.callSoon(() => calls.push("second"));
    loop.callSoon(() => calls.push("third"));
    await sleep(0);
    assertEquals(calls, ["third"]);
  }));

Deno.test("Handle.cancel() does nothing to a callback that was called", () =>
  run(async () => {
    const calls: string[] = [];
    const handle = getRunningLoop().callSoon(() => calls.push("called"));
    await sleep(0);
    assertFalse(handle.cancelled());
    handle.cancel();
    await sleep(0);
    assertEquals(calls, ["called"]);
  }));

Deno.test("Handle.cancel() inside the callback itself does no harm", () =>
  run(async () => {
    const calls: string[] = [];
    const handle = getRunningLoop().callSoon(() => {
      handle.cancel();
      calls.push("called");
    });
    await sleep(0);
    assertEquals(calls, ["called"]);
  }));

Deno.test("Handle runs its callback in the context of its creation, outside every task", () =>
  run(async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const look = () => seen.push([storage.getStore(), currentTask()]);
    const loop = getRunningLoop();
    storage.run("a", () => loop.callSoon(look));
    storage.run("b", () => loop.callLater(0.001, look));
    loop.callSoon(look);
    await storage.run("c", () => sleep(0.002));
    assertEquals(seen, [["a", null], [undefined, null], ["b", null]]);
  }));

Deno.test("Handle reports what its callback throws, and the loop goes on", () =>
  run(async () => {
    const loop = getRunningLoop();
    const contexts = recordExceptions(loop);
    const calls: string[] = [];
    const error = new Error("boom");
    const handle = loop.callSoon(() => {
      throw error;
    });
    loop.callSoon(() => calls.push("next"));
    await sleep(0);
    assertEquals(calls, ["next"]);
    assertEquals(contexts.length, 1);
    assertEquals(
      contexts[0]?.message,
      "An exception was thrown in a callback",
    );
    assertStrictEquals(contexts[0]?.exception, error);
    assertStrictEquals(contexts[0]?.handle, handle);
  }));

Deno.test("Handle reports the rejection of a promise that its callback returns", () =>
  run(async () => {
    const loop = getRunningLoop();
    const contexts = recordExceptions(loop);
    const error = new Error("boom");
    const handle = loop.callSoon(async () => {
      await sleep(0);
      throw error;
    });
    await sleep(0);
    assertEquals(contexts, []);
    await sleep(0);
    await sleep(0);
    assertEquals(contexts.length, 1);
    assertStrictEquals(contexts[0]?.exception, error);
    assertStrictEquals(contexts[0]?.handle, handle);
  }));

Deno.test("Handle does not wait for a promise that its callback returns", () =>
  run(async () => {
    const calls: string[] = [];
    const gate = new Future<void>();
    const loop = getRunningLoop();
    loop.callSoon(async () => {
      await gate;
      calls.push("late");
    });
    loop.callSoon(() => calls.push("early"));
    await sleep(0);
    assertEquals(calls, ["early"]);
    gate.setResult();
    await sleep(0);
    assertEquals(calls, ["early", "late"]);
  }));

Deno.test("Handle can be made by a callback, which then runs in the next round", () =>
  run(async () => {
    const calls: string[] = [];
    const loop = getRunningLoop();
    loop.callSoon(() => {
      calls.push("outer");
      loop.callSoon(() => calls.push("inner"));
    });
    loop.callSoon(() => calls.push("other"));
    await sleep(0);
    assertEquals(calls, ["outer", "other"]);
    await sleep(0);
    assertEquals(calls, ["outer", "other", "inner"]);
  }));

Deno.test("Handle lets its callback make tasks of the same loop", () =>
  run(async () => {
    const loop = getRunningLoop();
    const made = new Future<unknown>();
    loop.callSoon(() => {
      const task = createTask(() => getRunningLoop());
      made.setResult(task.getLoop());
    });
    assertStrictEquals(await made, loop);
  }));

Deno.test("Handle.toString() names what the handle calls", () =>
  run(() => {
    const loop = getRunningLoop();
    const handle = loop.callSoon(function onClose() {});
    assertEquals(`${handle}`, "<Handle onClose>");
    assertEquals(Deno.inspect(handle), "<Handle onClose>");
    handle.cancel();
    assertEquals(`${handle}`, "<Handle cancelled>");
    const timer = loop.callLater(60, () => {});
    assertEquals(`${timer}`, "<TimerHandle of an anonymous function>");
    timer.cancel();
  }));

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
