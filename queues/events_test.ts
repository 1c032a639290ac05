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
import { QueueFull } from "./errors.ts";
import { events, once } from "./mod.ts";

type Tick = CustomEvent<number>;

/** Collects the events of an iteration. */
async function collect(iteration: AsyncIterable<Tick>): Promise<number[]> {
  const got: number[] = [];
  for await (const { detail } of iteration) {
    got.push(detail);
    if (detail === 0) break;
  }
  return got;
}

Deno.test("events() gives the events of an EventTarget from the call on", () =>
  run(async () => {
    const target = new CountingTarget();
    target.tick(1);
    const ticks = events<Tick>(target, "tick");
    target.tick(2);
    target.dispatchEvent(new Event("other"));
    const reader = createTask(() => collect(ticks));
    await sleep(0);
    target.tick(3);
    target.tick(4);
    await sleep(0);
    target.tick(0);
    target.tick(5);
    assertEquals(await reader, [2, 3, 4, 0]);
    assertEquals(target.listeners, 0);
  }));

Deno.test("events() gives the first arguments of an emitter's events", () =>
  run(async () => {
    const emitter = new EventEmitter();
    const got: string[] = [];
    const lines = events<string>(emitter, "line");
    emitter.emit("line", "a", "ignored");
    emitter.emit("line", "b");
    for await (const line of lines) {
      got.push(line);
      if (line === "b") break;
    }
    assertEquals(got, ["a", "b"]);
    assertEquals(emitter.eventNames(), []);
  }));

Deno.test("events() throws the error of an emitter after the unread events", () =>
  run(async () => {
    const emitter = new EventEmitter();
    const lines = events<string>(emitter, "line");
    const error = new Error("failed");
    emitter.emit("line", "a");
    emitter.emit("error", error);
    assertEquals(emitter.eventNames(), []);
    assertEquals(await lines.next(), { done: false, value: "a" });
    assertStrictEquals(
      await assertRejects(() => lines.next() as Promise<unknown>),
      error,
    );
    assertEquals(await lines.next(), { done: true, value: undefined });
  }));

Deno.test("events() gives errors as events if they are the type", () =>
  run(async () => {
    const emitter = new EventEmitter();
    await using errors = events<Error>(emitter, "error");
    const error = new Error("failed");
    emitter.emit("error", error);
    assertEquals(await errors.next(), { done: false, value: error });
  }));

Deno.test("events() drops the oldest events beyond maxSize", () =>
  run(async () => {
    const target = new CountingTarget();
    const ticks = events<Tick>(target, "tick", { maxSize: 2 });
    for (const detail of [1, 2, 3, 0]) target.tick(detail);
    assertEquals(await collect(ticks), [3, 0]);
  }));

Deno.test("events() with slow: fail gives what is unread, then QueueFull", () =>
  run(async () => {
    const target = new CountingTarget();
    const ticks = events<Tick>(target, "tick", { maxSize: 1, slow: "fail" });
    target.tick(1);
    target.tick(2);
    assertEquals(target.listeners, 0);
    const first = await ticks.next();
    assertEquals(first.value?.detail, 1);
    await assertRejects(
      () => ticks.next() as Promise<unknown>,
      QueueFull,
      "Cannot get from the events as it was too slow: its maxSize is 1",
    );
  }));

Deno.test("events() stops listening however the loop is left", () =>
  run(async () => {
    const target = new CountingTarget();
    const ticks = events<Tick>(target, "tick");
    target.tick(1);
    await assertRejects(async () => {
      for await (const _ of ticks) throw new Error("left");
    });
    assertEquals(target.listeners, 0);
    {
      await using _ = events(target, "tick");
      assertEquals(target.listeners, 1);
    }
    assertEquals(target.listeners, 0);
    const task = createTask(async () => {
      for await (const _ of events(target, "tick"));
    });
    await sleep(0);
    assertEquals(target.listeners, 1);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(target.listeners, 0);
  }));

Deno.test("events() ends when a next() is cancelled after its wake-up", () =>
  run(async () => {
    const target = new CountingTarget();
    const ticks = events<Tick>(target, "tick");
    const next = createTask(() => ticks.next());
    await sleep(0);
    target.tick(1);
    next.cancel();
    await assertRejects(() => next, CancelledError);
    assertEquals(target.listeners, 0);
    assertEquals(await ticks.next(), { done: true, value: undefined });
  }));

Deno.test("events() ends with a CancelledError when its signal aborts", () =>
  run(async () => {
    const target = new CountingTarget();
    const controller = new AbortController();
    const { signal } = controller;
    const ticks = events<Tick>(target, "tick", { signal });
    const reader = createTask(() => collect(ticks));
    await sleep(0);
    controller.abort("stop");
    assertEquals(target.listeners, 0);
    const error = await assertRejects(() => reader, CancelledError);
    assertEquals(error.cause, "stop");
    assertEquals((await ticks.next()).done, true);

    const late = events<Tick>(target, "tick", { signal });
    assertEquals(target.listeners, 0);
    await assertRejects(() => late.next() as Promise<unknown>, CancelledError);
  }));

Deno.test("events() drops the unread events when its signal aborts", () =>
  run(async () => {
    const target = new CountingTarget();
    const controller = new AbortController();
    const ticks = events(target, "tick", { signal: controller.signal });
    target.tick(1);
    controller.abort();
    await assertRejects(() => ticks.next() as Promise<unknown>, CancelledError);
  }));

Deno.test("events() and once() let go of their signal", () =>
  run(async () => {
    const target = new CountingTarget();
    const { signal } = new AbortController();
    let listeners = 0;
    signal.addEventListener = () => void listeners++;
    signal.removeEventListener = () => void listeners--;
    const ticks = events(target, "tick", { signal });
    const wait = once(target, "tick", { signal });
    assertEquals(listeners, 2);
    await ticks.return?.();
    target.tick(1);
    await wait;
    assertEquals([listeners, target.listeners], [0, 0]);
  }));

Deno.test("events() checks its arguments before it listens", () => {
  const target = new CountingTarget();
  assertThrows(
    () => events({} as EventTarget, "tick"),
    TypeError,
    "The target of events() must be an EventTarget, or an emitter with on() and off(): received an instance of Object",
  );
  assertThrows(
    () => events(target, 1 as unknown as string),
    TypeError,
    "The type of events() must be a string: received 1",
  );
  assertThrows(
    () => events(target, "tick", { slow: "wait" as "drop" }),
    RangeError,
    'The slow option must be "drop" or "fail": received "wait"',
  );
  assertThrows(
    () => events(target, "tick", { maxSize: 0.5 }),
    RangeError,
    "The maxSize option must be an integer of at least 0: received 0.5",
  );
  assertThrows(
    () => events(target, "tick", { signal: 1 as unknown as AbortSignal }),
    TypeError,
    "The signal option must be an AbortSignal: received 1",
  );
  assertEquals(target.listeners, 0);
});

Deno.test("events() removes its first listener if it cannot add the second", () => {
  const emitter = new EventEmitter();
  const on = emitter.on.bind(emitter);
  emitter.on = (type, listener) => {
    if (type === "error") throw new Error("no more listeners");
    return on(type, listener);
  };
  assertThrows(() => events(emitter, "line"), Error, "no more listeners");
  assertEquals(emitter.eventNames(), []);
});

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

Deno.test("events() and once() stop listening if on() emits what ends them", () =>
  run(async () => {
    const emitter = new EventEmitter();
    const replay = new EventEmitter();
    replay.on = (type, listener) => {
      emitter.on(type, listener);
      if (type === "line") listener("a");
      else listener(new Error("broken"));
      return replay;
    };
    replay.off = (type, listener) => {
      emitter.off(type, listener);
      return replay;
    };
    assertEquals(await once<string>(replay, "line"), "a");
    const lines = events<string>(replay, "line");
    assertEquals(emitter.listenerCount("line"), 0);
    assertEquals(emitter.listenerCount("error"), 0);
    assertEquals(await lines.next(), { done: false, value: "a" });
    await assertRejects(async () => await lines.next(), Error, "broken");
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
