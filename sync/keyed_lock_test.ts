// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { CancelledError, RuntimeError, type Task } from "../loop/mod.ts";
import { createTask, gather, run, sleep } from "../tasks/mod.ts";
import { type Guard, KeyedLock } from "./mod.ts";

/** A task that holds the lock of a key until it has gone once round the ready queue. */
function holder(
  locks: KeyedLock<string>,
  key: string,
  name: string,
  log: string[],
): Task<void> {
  return createTask(async () => {
    using _ = await locks.acquire(key);
    log.push(name);
    await sleep(0);
  });
}

Deno.test("KeyedLock.acquire() does not yield if the key is free", () =>
  run(async () => {
    const locks = new KeyedLock<string>();
    let ran = false;
    createTask(() => ran = true);
    using _ = await locks.acquire("a");
    assertFalse(ran);
    assert(locks.locked("a"));
    assertFalse(locks.locked("b"));
  }));

Deno.test("KeyedLock.acquire() waits for the same key only, in FIFO order", () =>
  run(async () => {
    const locks = new KeyedLock<string>();
    const log: string[] = [];
    await gather([
      holder(locks, "a", "a1", log),
      holder(locks, "a", "a2", log),
      holder(locks, "b", "b1", log),
      holder(locks, "a", "a3", log),
    ]);
    assertEquals(log, ["a1", "b1", "a2", "a3"]);
  }));

Deno.test("KeyedLock.acquire() waits its turn when the key was released to another task", () =>
  run(async () => {
    const locks = new KeyedLock<string>();
    const log: string[] = [];
    const guard = await locks.acquire("a");
    const first = holder(locks, "a", "first", log);
    await sleep(0);
    guard.release();
    assertFalse(locks.locked("a"));
    await locks.acquire("a");
    log.push("second");
    await first;
    assertEquals(log, ["first", "second"]);
  }));

Deno.test("KeyedLock compares keys as a Map does", () =>
  run(async () => {
    const locks = new KeyedLock<unknown>();
    const key = {};
    const guards = [
      await locks.acquire(key),
      await locks.acquire({}),
      await locks.acquire(NaN),
      await locks.acquire(undefined),
    ];
    assert(locks.locked(key));
    assert(locks.locked(NaN));
    assert(locks.locked(undefined));
    assertFalse(locks.locked({}));
    assertEquals(locks.size, 4);
    for (const guard of guards) guard.release();
    assertEquals(locks.size, 0);
  }));

Deno.test("KeyedLock keeps a key as long as it is locked or waited for", () =>
  run(async () => {
    const locks = new KeyedLock<string>();
    const guard = await locks.acquire("a");
    const waiting = createTask(() => locks.acquire("a"));
    await sleep(0);
    assertEquals(locks.size, 1);
    guard.release();
    assertEquals(locks.size, 1);
    const second = await waiting;
    guard.release();
    assert(locks.locked("a"));
    second.release();
    second.release();
    assertEquals(locks.size, 0);
    assertFalse(locks.locked("a"));
    using _ = await locks.acquire("a");
    second.release();
    assert(locks.locked("a"));
  }));

Deno.test("KeyedLock.acquire() that is cancelled passes the lock on, or forgets the key", () =>
  run(async () => {
    const locks = new KeyedLock<string>();
    const guard = await locks.acquire("a");
    const tasks = [1, 2, 3].map(() => createTask(() => locks.acquire("a")));
    await sleep(0);
    tasks[0]!.cancel();
    await assertRejects(() => tasks[0]!, CancelledError);
    guard.release();
    tasks[1]!.cancel();
    const last = await tasks[2] as Guard;
    assert(tasks[1]!.cancelled());
    const waiting = createTask(() => locks.acquire("a"));
    await sleep(0);
    last.release();
    waiting.cancel();
    await assertRejects(() => waiting, CancelledError);
    assertEquals(locks.size, 0);
  }));

Deno.test("KeyedLock.acquire() fails if it has to wait in another loop", async () => {
  const locks = new KeyedLock<string>();
  const guard = await locks.acquire("a");
  await run(async () => {
    const waiting = createTask(() => locks.acquire("a"));
    await sleep(0);
    waiting.cancel();
    await assertRejects(() => waiting, CancelledError);
  });
  await assertRejects(
    () => locks.acquire("a"),
    RuntimeError,
    "Cannot wait for the keyed lock as it is bound to another event loop",
  );
  guard.release();
});

Deno.test("KeyedLock describes itself", async () => {
  const locks = new KeyedLock<string>();
  using _ = await locks.acquire("a");
  assertEquals(Deno.inspect(locks), "<KeyedLock keys=1>");
});
