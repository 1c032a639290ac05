// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { FakeHost, newVirtualLoop } from "../tests/doubles/fake_host.ts";
import { VirtualTimeLoop } from "../testing/mod.ts";
import {
  CancelledError,
  Future,
  getRunningLoop,
  newEventLoop,
} from "../loop/mod.ts";
import { createTask } from "./create_task.ts";
import { run } from "./runner.ts";
import { sleep } from "./sleep.ts";

const VIRTUAL = { loopFactory: () => new VirtualTimeLoop() };

Deno.test("sleep() lasts the given number of seconds", () =>
  run(async () => {
    const loop = getRunningLoop();
    for (const delay of [1, 0.5, 86400]) {
      const begin = loop.time();
      const pause = sleep(delay);
      assert(pause instanceof Future);
      assertEquals(await pause, undefined);
      assertEquals(loop.time() - begin, delay);
    }
  }, VIRTUAL));

Deno.test("sleep() begins when it is called, not when it is awaited", () =>
  run(async () => {
    const loop = getRunningLoop();
    const pause = sleep(2);
    await sleep(1);
    assertFalse(pause.done());
    await pause;
    assertEquals(loop.time(), 2);
    const past = sleep(1);
    await sleep(5);
    assert(past.done());
    await past;
    assertEquals(loop.time(), 7);
  }, VIRTUAL));

Deno.test("sleep() returns the given result", () =>
  run(async () => {
    for (const delay of [1, 0, -1]) {
      assertEquals(await sleep(delay, "result"), "result");
      assertEquals(await sleep(delay, undefined), undefined);
      assertEquals(await sleep(delay, null), null);
    }
    const result = sleep(0, "result");
    assertType<IsExact<typeof result, Future<string>>>(true);
    const none = sleep(0);
    assertType<IsExact<typeof none, Future<void>>>(true);
    await result;
    await none;
  }, VIRTUAL));

Deno.test("sleep() of zero or less yields once to every other ready task", () =>
  run(async () => {
    for (const delay of [0, -0, -1, -Infinity]) {
      const calls: string[] = [];
      const other = createTask(async () => {
        calls.push("one");
        await sleep(0);
        calls.push("two");
      });
      await sleep(delay);
      assertEquals(calls, ["one"]);
      await other;
    }
    assertEquals(getRunningLoop().time(), 0);
  }, VIRTUAL));

Deno.test("sleep() takes a duration", () =>
  run(async () => {
    await sleep({ total: () => 90 });
    assertEquals(getRunningLoop().time(), 90);
    await sleep({ total: () => 0 });
    assertEquals(getRunningLoop().time(), 90);
  }, VIRTUAL));

Deno.test("sleep() can last forever, until it is cancelled", () =>
  run(async () => {
    const pause = sleep(Infinity);
    await sleep(0);
    assertFalse(pause.done());
    pause.cancel("enough");
    await assertRejects(() => pause, CancelledError, "enough");
  }));

Deno.test("sleep() rejects an invalid delay", () => {
  for (
    const [value, ErrorClass, received] of [
      ["1", TypeError, '"1"'],
      [NaN, RangeError, "NaN"],
      [null, TypeError, "null"],
    ] as const
  ) {
    assertThrows(
      () => sleep(value as number),
      ErrorClass,
      `The delay of sleep() must be a number of seconds or a Temporal.Duration: received ${received}`,
    );
  }
});

Deno.test("sleep() that is cancelled ends at once and leaves no timer", async () => {
  const host = new FakeHost();
  await run(async () => {
    const task = createTask(() => sleep(3600));
    await sleep(1);
    task.cancel();
    await assertRejects(() => task, CancelledError);
  }, { loopFactory: () => newVirtualLoop(host) });
  assertEquals(host.now(), 1);
  assertEquals(host.pendingTimers, 0);
});

Deno.test("sleep() that is cancelled just as its timer fires is cancelled", () =>
  run(async () => {
    const loop = getRunningLoop();
    const when = loop.time() + 1;
    // Due in the same round, before the sleep's own entry.
    loop.callAt(when, () => task.cancel("just in time"));
    const task = createTask(() => sleep(1));
    await assertRejects(() => task, CancelledError, "just in time");
  }, VIRTUAL));

Deno.test("sleep(0) can be cancelled before it resumes", () =>
  run(async () => {
    const calls: string[] = [];
    const task = createTask(async () => {
      await sleep(0);
      calls.push("never");
    }, { eagerStart: true });
    task.cancel("early");
    await assertRejects(() => task, CancelledError, "early");
    assertEquals(calls, []);
  }));

Deno.test("sleep() can be awaited by several tasks", () =>
  run(async () => {
    const pause = sleep(1, "shared");
    const tasks = [0, 1, 2].map(() => createTask(() => pause));
    for (const task of tasks) assertEquals(await task, "shared");
    assertEquals(getRunningLoop().time(), 1);
  }, VIRTUAL));

Deno.test("sleep() works outside every task", async () => {
  assertEquals(await sleep(0.001, "awake"), "awake");
  assertEquals(await sleep(0, "awake"), "awake");
});

Deno.test("sleep() belongs to the loop that runs the caller", async () => {
  const loop = newEventLoop();
  await loop.runUntilComplete(async () => {
    const pause = sleep(0);
    assert(pause.getLoop() === loop);
    await pause;
  });
  loop.close();
});
