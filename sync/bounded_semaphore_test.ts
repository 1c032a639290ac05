// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertThrows,
} from "@std/assert";
import { createTask, run, sleep } from "../tasks/mod.ts";
import { BoundedSemaphore } from "./bounded_semaphore.ts";
import { Semaphore } from "./semaphore.ts";

Deno.test("BoundedSemaphore() is a semaphore, and names itself in its errors", () => {
  assertInstanceOf(new BoundedSemaphore(), Semaphore);
  assertThrows(
    () => new BoundedSemaphore(-1),
    RangeError,
    "The value of a semaphore must be an integer of at least 0: received -1",
  );
});

Deno.test("BoundedSemaphore.release() throws past the bound", async () => {
  const semaphore = new BoundedSemaphore(2);
  const message =
    "Cannot release the semaphore as all of its permits are free: 2";
  assertThrows(() => semaphore.release(), RangeError, message);
  await semaphore.acquire();
  semaphore.release();
  assertThrows(() => semaphore.release(), RangeError, message);
  assertThrows(() => new BoundedSemaphore(0).release(), RangeError);
});

Deno.test("BoundedSemaphore.release() counts permits granted to woken waiters", () =>
  run(async () => {
    const semaphore = new BoundedSemaphore(1);
    await semaphore.acquire();
    const task = createTask(() => semaphore.acquire());
    await sleep(0);
    semaphore.release();
    task.cancel();
    // As CPython 3.13: the permit is on its way, so that one more has room.
    semaphore.release();
    await sleep(0);
    assert(task.cancelled());
    assertThrows(() => semaphore.release(), RangeError);
  }));

Deno.test("BoundedSemaphore's guard does nothing when all permits are back", async () => {
  const semaphore = new BoundedSemaphore(1);
  {
    using _ = await semaphore.acquire();
    semaphore.release();
  }
  assertFalse(semaphore.locked());
  assertThrows(() => semaphore.release(), RangeError);
  {
    using _ = await semaphore.acquire();
    assertEquals(semaphore.locked(), true);
  }
  assertFalse(semaphore.locked());
});
