// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  Future,
  getRunningLoop,
  RuntimeError,
  type Task,
} from "../loop/mod.ts";
import { createTask, gather, run, sleep } from "../tasks/mod.ts";
import { Lock } from "./lock.ts";

/** A task that acquires the lock, says so, and keeps it. */
function acquirer(lock: Lock, name: string, log: string[]): Task<void> {
  return createTask(async () => {
    await lock.acquire();
    log.push(name);
  });
}

/** A lock that is held, and tasks as above that wait for it. */
async function heldLock<const Names extends string[]>(...names: Names) {
  const lock = new Lock();
  const log: string[] = [];
  await lock.acquire();
  const tasks = names.map((name) => acquirer(lock, name, log));
  await sleep(0);
  return { lock, log, tasks: tasks as { [I in keyof Names]: Task<void> } };
}

Deno.test("Lock.acquire() takes a free lock without letting others have a turn", () =>
  run(async () => {
    const lock = new Lock();
    const log: string[] = [];
    createTask(() => void log.push("other"));
    const acquisition = lock.acquire();
    assert(acquisition.done());
    await acquisition;
    assertEquals(log, []);
    assert(lock.locked());
  }));

Deno.test("Lock.acquire() hands the lock to the first waiter", () =>
  run(async () => {
    const { lock, log, tasks: [a, b] } = await heldLock("a", "b");
    assertEquals(log, []);

    lock.release();
    await sleep(0);
    assertEquals(log, ["a"]);
    await sleep(0);
    assertEquals(log, ["a"]);

    const c = acquirer(lock, "c", log);
    lock.release();
    await sleep(0);
    assertEquals(log, ["a", "b"]);
    lock.release();
    await sleep(0);
    assertEquals(log, ["a", "b", "c"]);
    assert(a.done() && b.done() && c.done());
  }));

Deno.test("Lock.acquire() does not let the releasing task overtake a woken waiter", () =>
  run(async () => {
    const lock = new Lock();
    const log: string[] = [];
    await lock.acquire();
    const other = createTask(async () => {
      await lock.acquire();
      log.push("other");
      lock.release();
    });
    await sleep(0);
    lock.release();
    assertFalse(lock.locked());
    await lock.acquire();
    log.push("main");
    await other;
    // As CPython 3.13.
    assertEquals(log, ["other", "main"]);
  }));

Deno.test("Lock.acquire() begins when it is called", () =>
  run(async () => {
    const lock = new Lock();
    await lock.acquire();
    const first = lock.acquire();
    const second = lock.acquire();
    lock.release();
    await sleep(0);
    assert(first.done() && lock.locked());
    assertFalse(second.done());
    lock.release();
    await second;
  }));

Deno.test("Lock.acquire() that is cancelled before the lock is free leaves no trace", () =>
  run(async () => {
    const lock = new Lock();
    await lock.acquire();
    const task = createTask(() => lock.acquire());
    getRunningLoop().callSoon(() => task.cancel());
    await assertRejects(() => task, CancelledError);
    assert(lock.locked());
    lock.release();
    assertFalse(lock.locked());
    assert(lock.acquire().done());
  }));

Deno.test("Lock.acquire() takes the lock at once when all waiters were cancelled", () =>
  run(async () => {
    const { lock, log, tasks: [a, b] } = await heldLock("a", "b");
    a.cancel();
    b.cancel();
    lock.release();
    assert(lock.acquire().done());
    await sleep(0);
    assert(a.cancelled() && b.cancelled() && lock.locked());
    assertEquals(log, []);
  }));

Deno.test("Lock.acquire() cancelled before a release leaves the lock to the next waiter", () =>
  run(async () => {
    const { lock, log, tasks: [a, b] } = await heldLock("a", "b");
    a.cancel();
    lock.release();
    createTask(() => void log.push(`other sees ${lock.locked()}`));
    await sleep(0);
    assert(a.cancelled());
    // As CPython 3.13: it is the cancelled task that wakes the next, in its own turn.
    assertEquals(log, ["other sees false"]);
    await b;
    assertEquals(log, ["other sees false", "b"]);
  }));

Deno.test("Lock.acquire() cancelled after its wake-up hands the lock to the next waiter", () =>
  run(async () => {
    const { lock, log, tasks: [a, b, c] } = await heldLock("a", "b", "c");
    lock.release();
    a.cancel("too late");
    await sleep(0);
    assert(a.cancelled());
    assertFalse(lock.locked());
    await b;
    assertEquals(log, ["b"]);
    assertFalse(c.done());
    lock.release();
    await c;
    assert(lock.locked());
    const error = await assertRejects(() => a, CancelledError);
    assertEquals(error.message, "too late");
  }));

Deno.test("Lock.acquire() that is cancelled between wake-up and resumption leaves no trace", () =>
  run(async () => {
    const lock = new Lock();
    await lock.acquire();
    const task = createTask(() => lock.acquire());
    await sleep(0);
    lock.release();
    task.cancel();
    // It has not had its turn, and is in line until then.
    const acquisition = lock.acquire();
    assertFalse(acquisition.done());
    await acquisition;
    assert(task.cancelled());
    lock.release();
    assert(lock.acquire().done());
  }));

Deno.test("Lock.acquire() passes the lock over cancelled waiters", () =>
  run(async () => {
    const { lock, log, tasks } = await heldLock("a", "b", "c", "d");
    lock.release();
    for (const task of tasks.slice(0, 3)) task.cancel();
    await tasks[3];
    assertEquals(log, ["d"]);
    assertEquals(tasks.map((task) => task.cancelled()), [
      true,
      true,
      true,
      false,
    ]);
  }));

Deno.test("Lock.acquire() that was granted is not undone by a later cancellation", () =>
  run(async () => {
    const lock = new Lock();
    await lock.acquire();
    const task = createTask(async () => {
      await lock.acquire();
      await sleep(3600);
    });
    await sleep(0);
    lock.release();
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assert(lock.locked());
  }));

Deno.test("Lock.acquire() can be cancelled by itself, without a task", () =>
  run(async () => {
    const lock = new Lock();
    await lock.acquire();
    const first = lock.acquire();
    const second = lock.acquire();
    assert(first.cancel("never mind"));
    await assertRejects(() => first, CancelledError, "never mind");
    assertFalse(first.cancel());
    lock.release();
    await second;
  }));

Deno.test("Lock.release() wakes no waiter twice", () =>
  // Release, and cancel the first waiter, in one callback: two must not get the lock.
  run(async () => {
    const { lock, log, tasks: [a, b, c] } = await heldLock("a", "b", "c");
    getRunningLoop().callSoon(() => {
      a.cancel();
      lock.release();
    });
    await assertRejects(() => a, CancelledError);
    await sleep(0);
    assertEquals(log, ["b"]);
    assert(b.done());
    c.cancel();
    await sleep(0);
    assert(c.cancelled());
  }));

Deno.test("Lock.release() wakes the next when a waiter is cancelled in the same step", () =>
  run(async () => {
    const lock = new Lock();
    const open = new Future<void>();
    const hold = (blocker: Future<void> | null) =>
      createTask(async () => {
        using _ = await lock.acquire();
        await blocker;
      });
    const a = hold(open);
    const b = hold(null);
    const c = hold(null);
    await sleep(0);
    assert(lock.locked());
    open.setResult();
    b.cancel();
    await sleep(0);
    assert(a.done() && b.cancelled());
    await c;
    assertFalse(lock.locked());
  }));

Deno.test("Lock.release() throws when the lock is not held", async () => {
  const lock = new Lock();
  const message = "Cannot release the lock as it is not held";
  assertThrows(() => lock.release(), RuntimeError, message);
  await lock.acquire();
  lock.release();
  assertFalse(lock.locked());
  assertThrows(() => lock.release(), RuntimeError, message);
});

Deno.test("Lock's guard releases the lock at the end of the block, also when it throws", () =>
  run(async () => {
    const lock = new Lock();
    await assertRejects(async () => {
      using _ = await lock.acquire();
      assert(lock.locked());
      throw new Error("out");
    });
    assertFalse(lock.locked());
  }));

Deno.test("Lock's guard releases its own acquisition, once", () =>
  run(async () => {
    const lock = new Lock();
    const first = await lock.acquire();
    lock.release();
    const second = await lock.acquire();
    first[Symbol.dispose]();
    assert(lock.locked());
    const third = createTask(() => lock.acquire());
    await sleep(0);
    second[Symbol.dispose]();
    second[Symbol.dispose]();
    const guard = await third;
    second[Symbol.dispose]();
    assert(lock.locked());
    guard[Symbol.dispose]();
    assertFalse(lock.locked());
  }));

Deno.test("Lock's guard has release(), which does what its disposal does, once in all", () =>
  run(async () => {
    const lock = new Lock();
    {
      using guard = await lock.acquire();
      guard.release();
      assertFalse(lock.locked());
      guard.release();
      await lock.acquire();
      guard.release();
    }
    assert(lock.locked());
  }));

Deno.test("Lock's guard lets a block release the lock early", () =>
  run(async () => {
    const lock = new Lock();
    {
      using _ = await lock.acquire();
      lock.release();
      await lock.acquire();
    }
    assert(lock.locked());
  }));

Deno.test("Lock works outside run()", async () => {
  const lock = new Lock();
  using first = await lock.acquire();
  const second = lock.acquire();
  assertFalse(second.done());
  first[Symbol.dispose]();
  using _ = await second;
  assert(lock.locked());
});

Deno.test("Lock is bound to the loop in which it is first waited for", async () => {
  const lock = new Lock();
  await run(async () => void await lock.acquire());
  // There were no waiters, so the lock can be used on another loop.
  await run(async () => {
    const waiter = createTask(() => lock.acquire());
    await sleep(0);
    lock.release();
    await waiter;
  });
  const message = "Cannot wait for the lock as it is bound to another event";
  await run(() => assertRejects(() => lock.acquire(), RuntimeError, message));
  await assertRejects(() => lock.acquire(), RuntimeError, message);
  lock.release();
  // What needs no waiting needs no loop.
  await run(async () => void await lock.acquire());
});

Deno.test("Lock is fair among 10,000 tasks, half of which are cancelled", () =>
  run(async () => {
    const lock = new Lock();
    const order: number[] = [];
    await lock.acquire();
    const tasks = Array.from(
      { length: 10_000 },
      (_, i) =>
        createTask(async () => {
          using _ = await lock.acquire();
          order.push(i);
        }),
    );
    await sleep(0);
    for (let i = 0; i < tasks.length; i += 2) tasks[i]!.cancel();
    lock.release();
    await gather(tasks, { returnExceptions: true });
    assertEquals(order, Array.from({ length: 5_000 }, (_, i) => 2 * i + 1));
    assertFalse(lock.locked());
  }));

Deno.test("Lock excludes under random cancellation", () =>
  run(async () => {
    const lock = new Lock();
    let holders = 0;
    let most = 0;
    let entered = 0;
    const tasks = Array.from({ length: 50 }, (_, i) =>
      createTask(async () => {
        for (let round = 0; round < 3; round++) {
          using _ = await lock.acquire();
          entered++;
          most = Math.max(most, ++holders);
          try {
            if ((i + round) % 3 !== 0) await sleep(0);
            // It is the next, or among the next, to get the lock.
            tasks[(i * 7 + round + 1) % 50]!.cancel();
          } finally {
            holders--;
          }
        }
      }));
    await gather(tasks, { returnExceptions: true });
    assertEquals(most, 1);
    assert(entered > 25);
    assertFalse(lock.locked());
  }));

Deno.test("Lock.toString() describes its state", () =>
  run(async () => {
    const lock = new Lock();
    assertEquals(String(lock), "<Lock [unlocked]>");
    await lock.acquire();
    assertEquals(Deno.inspect(lock), "<Lock [locked]>");
    const waits = [lock.acquire(), lock.acquire()];
    assertEquals(String(lock), "<Lock [locked, waiters:2]>");
    for (const wait of waits) wait.cancel();
    await sleep(0);
    assertEquals(String(lock), "<Lock [locked]>");
  }));
