// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertFalse, assertRejects } from "@std/assert";
import { CancelledError, RuntimeError } from "../loop/mod.ts";
import { createTask, run, sleep } from "../tasks/mod.ts";
import { type Guard, ReadWriteLock } from "./mod.ts";

/** Starts a task for each letter, `r` for a reader and `w` for a writer, that logs its number and keeps its guard. */
function holders(lock: ReadWriteLock, kinds: string) {
  const inside: number[] = [];
  const guards: Guard[] = [];
  const tasks = Array.from(kinds, (kind, i) =>
    createTask(async () => {
      guards[i] = await (kind === "r" ? lock.read() : lock.write());
      inside.push(i);
    }));
  return {
    inside,
    tasks,
    release: async (...numbers: number[]) => {
      for (const i of numbers) guards[i]!.release();
      inside.length = 0;
      await sleep(0);
    },
  };
}

Deno.test("ReadWriteLock does not yield if it is free", () =>
  run(async () => {
    const lock = new ReadWriteLock();
    let ran = false;
    createTask(() => ran = true);
    {
      using _a = await lock.read();
      using _b = await lock.read();
    }
    {
      using _ = await lock.write();
    }
    assertFalse(ran);
  }));

Deno.test("ReadWriteLock is held by any number of readers or by one writer", () =>
  run(async () => {
    const { inside, release } = holders(new ReadWriteLock(), "rrwwrr");
    await sleep(0);
    assertEquals(inside, [0, 1]);
    await release(0);
    assertEquals(inside, []);
    await release(1);
    assertEquals(inside, [2]);
    await release(2);
    assertEquals(inside, [3]);
    await release(3);
    assertEquals(inside, [4, 5]);
  }));

Deno.test("ReadWriteLock serves first come, first served", () =>
  run(async () => {
    const { inside, release } = holders(new ReadWriteLock(), "rwrrw");
    await sleep(0);
    // The readers behind the writer wait, although a reader holds the lock.
    assertEquals(inside, [0]);
    await release(0);
    assertEquals(inside, [1]);
    await release(1);
    assertEquals(inside, [2, 3]);
    await release(3, 2);
    assertEquals(inside, [4]);
  }));

Deno.test("ReadWriteLock lets readers pass that stood behind a cancelled writer", () =>
  run(async () => {
    const { inside, tasks } = holders(new ReadWriteLock(), "rwrr");
    await sleep(0);
    tasks[1]!.cancel();
    await assertRejects(() => tasks[1]!, CancelledError);
    await sleep(0);
    assertEquals(inside, [0, 2, 3]);
  }));

Deno.test("ReadWriteLock passes on what was granted to a task that is cancelled", () =>
  run(async () => {
    const lock = new ReadWriteLock();
    const { inside, tasks } = holders(lock, "wrwr");
    const first = await lock.write();
    await sleep(0);
    first.release();
    tasks[0]!.cancel();
    await assertRejects(() => tasks[0]!, CancelledError);
    await sleep(0);
    assertEquals(inside, [1]);
    assertEquals(Deno.inspect(lock), "<ReadWriteLock [readers:1, waiters:2]>");
    for (const task of tasks) task.cancel();
    await sleep(0);
  }));

Deno.test("ReadWriteLock guards release once", () =>
  run(async () => {
    const lock = new ReadWriteLock();
    const reader = await lock.read();
    reader.release();
    reader.release();
    const writer = await lock.write();
    assertEquals(String(lock), "<ReadWriteLock [writing]>");
    reader[Symbol.dispose]();
    assertEquals(String(lock), "<ReadWriteLock [writing]>");
    writer[Symbol.dispose]();
    writer.release();
    assertEquals(String(lock), "<ReadWriteLock [unlocked]>");
  }));

Deno.test("ReadWriteLock fails if it has to wait in another loop", async () => {
  const lock = new ReadWriteLock();
  using _ = await lock.write();
  await run(async () => {
    const waiting = createTask(() => lock.read());
    await sleep(0);
    waiting.cancel();
    await assertRejects(() => waiting, CancelledError);
  });
  await assertRejects(
    () => lock.write(),
    RuntimeError,
    "Cannot wait for the read-write lock as it is bound to another event loop",
  );
});
