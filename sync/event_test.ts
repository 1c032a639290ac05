// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import {
  CancelledError,
  getRunningLoop,
  RuntimeError,
  type Task,
} from "../loop/mod.ts";
import { createTask, gather, run, sleep } from "../tasks/mod.ts";
import { Event } from "./event.ts";

function waiter(event: Event, name: string, log: string[]): Task<void> {
  return createTask(async () => {
    if (await event.wait()) log.push(name);
  });
}

Deno.test("Event.set() wakes all waiters, in FIFO order", () =>
  run(async () => {
    const event = new Event();
    const log: string[] = [];
    const tasks = [waiter(event, "1", log), waiter(event, "2", log)];
    await sleep(0);
    assertEquals(log, []);
    tasks.push(waiter(event, "3", log));
    event.set();
    await sleep(0);
    // As CPython 3.13: the third has not waited at all.
    assertEquals(log, ["3", "1", "2"]);
    assert(tasks.every((task) => task.done()));
  }));

Deno.test("Event.wait() does not yield when the event is set", () =>
  run(async () => {
    const event = new Event();
    event.set();
    const log: string[] = [];
    createTask(() => void log.push("other"));
    assertEquals(await event.wait(), true);
    assertEquals(log, []);
  }));

Deno.test("Event.wait() that is cancelled before the event is set leaves no trace", () =>
  run(async () => {
    const event = new Event();
    const log: string[] = [];
    const cancelled = waiter(event, "cancelled", log);
    const other = waiter(event, "other", log);
    await sleep(0);
    getRunningLoop().callSoon(() => cancelled.cancel());
    await assertRejects(() => cancelled, CancelledError);
    event.set();
    await other;
    assertEquals(log, ["other"]);
  }));

Deno.test("Event.wait() that is cancelled between wake-up and resumption is cancelled", () =>
  run(async () => {
    const event = new Event();
    const log: string[] = [];
    const a = waiter(event, "a", log);
    const b = waiter(event, "b", log);
    await sleep(0);
    event.set();
    a.cancel();
    await b;
    assert(a.cancelled() && event.isSet());
    assertEquals(log, ["b"]);
  }));

Deno.test("Event.set() does not wake a cancelled waiter", () =>
  run(async () => {
    const event = new Event();
    const log: string[] = [];
    const a = waiter(event, "a", log);
    await sleep(0);
    a.cancel();
    event.set();
    await sleep(0);
    assert(a.cancelled());
    assertEquals(log, []);
  }));

Deno.test("Event.clear() does not take a wake-up back", () =>
  run(async () => {
    const event = new Event();
    const log: string[] = [];
    const task = waiter(event, "woken", log);
    await sleep(0);
    event.set();
    event.clear();
    assertFalse(event.isSet());
    const late = waiter(event, "late", log);
    await task;
    await sleep(0);
    assertEquals(log, ["woken"]);
    event.set();
    event.set();
    await late;
    assertEquals(log, ["woken", "late"]);
  }));

Deno.test("Event.isSet() returns whether the event is set", () => {
  const event = new Event();
  assertFalse(event.isSet());
  event.set();
  assert(event.isSet());
  event.clear();
  assertFalse(event.isSet());
});

Deno.test("Event works outside run()", async () => {
  const event = new Event();
  const waits = [event.wait(), event.wait()];
  assertFalse(waits[0]!.done());
  event.set();
  assertEquals(await Promise.all(waits), [true, true]);
});

Deno.test("Event is bound to the loop in which it is first waited for", async () => {
  const event = new Event();
  await run(async () => {
    const task = createTask(() => event.wait());
    await sleep(0);
    event.set();
    await task;
  });
  await run(async () => {
    // It does not have to be waited for.
    assert(await event.wait());
    event.clear();
    await assertRejects(
      () => event.wait(),
      RuntimeError,
      "Cannot wait for the event as it is bound to another event loop",
    );
  });
});

Deno.test("Event.set() wakes 10,000 tasks, of which half are cancelled", () =>
  run(async () => {
    const event = new Event();
    const order: number[] = [];
    const tasks = Array.from(
      { length: 10_000 },
      (_, i) =>
        createTask(async () => {
          await event.wait();
          order.push(i);
        }),
    );
    await sleep(0);
    for (let i = 0; i < tasks.length; i += 4) tasks[i]!.cancel();
    event.set();
    for (let i = 1; i < tasks.length; i += 4) tasks[i]!.cancel();
    await gather(tasks, { returnExceptions: true });
    assertEquals(
      order,
      Array.from(tasks.keys()).filter((i) => i % 4 >= 2),
    );
  }));

Deno.test("Event.toString() describes its state without cancelled waiters", () =>
  run(async () => {
    const event = new Event();
    assertEquals(String(event), "<Event [unset]>");
    const waits = [event.wait(), event.wait()];
    assertEquals(Deno.inspect(event), "<Event [unset, waiters:2]>");
    waits[0]!.cancel();
    assertEquals(String(event), "<Event [unset, waiters:1]>");
    event.set();
    await waits[1];
    assertEquals(String(event), "<Event [set]>");
  }));

Deno.test("Event.wait() cancelled twice has the last message if woken, otherwise the first", () =>
  run(async () => {
    for (const [isWoken, message] of [[false, "one"], [true, "two"]] as const) {
      const event = new Event();
      const task = createTask(() => event.wait());
      await sleep(0);
      if (isWoken) event.set();
      task.cancel("one");
      task.cancel("two");
      // As CPython 3.13.
      await assertRejects(() => task, CancelledError, message);
    }
  }));
