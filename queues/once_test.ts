// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { EventEmitter } from "node:events";
import { CancelledError, getRunningLoop } from "../loop/mod.ts";
import { createTask, run, sleep } from "../tasks/mod.ts";
import { CountingTarget } from "../tests/doubles/counting_target.ts";
import { once } from "./mod.ts";

type Tick = CustomEvent<number>;

Deno.test("once() gives the next event, and stops listening", () =>
  run(async () => {
    const target = new CountingTarget();
    target.tick(1);
    const wait = once<Tick>(target, "tick");
    target.tick(2);
    target.tick(3);
    assertEquals(target.listeners, 0);
    assertFalse(wait.done());
    assertEquals((await wait).detail, 2);
  }));

Deno.test("once() gives the first argument of an emitter's event, or throws its error", () =>
  run(async () => {
    const emitter = new EventEmitter();
    const line = once<string>(emitter, "line");
    emitter.emit("line", "a", "b");
    assertEquals(await line, "a");
    const failing = once<string>(emitter, "line");
    const error = new Error("failed");
    emitter.emit("error", error);
    assertStrictEquals(await assertRejects(() => failing), error);
    const expected = once<Error>(emitter, "error");
    emitter.emit("error", error);
    assertInstanceOf(await expected, Error);
    assertEquals(emitter.eventNames(), []);
  }));

Deno.test("once() that is cancelled stops listening", () =>
  run(async () => {
    const target = new CountingTarget();
    const task = createTask(() => once(target, "tick"));
    await sleep(0);
    task.cancel();
    assertEquals(target.listeners, 0);
    await assertRejects(() => task, CancelledError);
    const woken = createTask(() => once(target, "tick"));
    await sleep(0);
    target.tick(1);
    woken.cancel();
    await assertRejects(() => woken, CancelledError);
    assertEquals(target.listeners, 0);
  }));

Deno.test("once() is cancelled when its signal aborts", () =>
  run(async () => {
    const target = new CountingTarget();
    const controller = new AbortController();
    const wait = once(target, "tick", { signal: controller.signal });
    controller.abort("stop");
    const error = await assertRejects(() => wait, CancelledError);
    assertEquals([error.cause, target.listeners], ["stop", 0]);
    const late = once(target, "tick", { signal: controller.signal });
    assertEquals(target.listeners, 0);
    await assertRejects(() => late, CancelledError);
  }));

Deno.test("once() reports a listener that cannot be removed", () =>
  run(async () => {
    const reports: unknown[] = [];
    getRunningLoop().setExceptionHandler((_, { message, exception }) => {
      reports.push([message, String(exception)]);
    });
    const emitter = new EventEmitter();
    emitter.off = () => {
      throw new Error("stuck");
    };
    const wait = once<string>(emitter, "line");
    emitter.emit("line", "a");
    assertEquals(await wait, "a");
    const report = ["Removing a listener failed", "Error: stuck"];
    assertEquals(reports, [report, report]);
    const cancelled = once<string>(emitter, "line");
    assert(cancelled.cancel());
    await assertRejects(() => cancelled, CancelledError);
  }));

Deno.test("once() checks its arguments", () => {
  assertThrows(
    () => once(null as unknown as EventTarget, "tick"),
    TypeError,
    "The target of once() must be an EventTarget, or an emitter with on() and off(): received null",
  );
});

Deno.test("once() waits for what comes from outside the loop", () =>
  run(async () => {
    const { port1, port2 } = new MessageChannel();
    port1.start();
    port2.postMessage("hello");
    const { data } = await once<MessageEvent>(port1, "message");
    assertEquals(data, "hello");
    port1.close();
    port2.close();
  }));
