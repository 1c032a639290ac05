// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  getRunningLoop,
  RuntimeError,
  type Task,
} from "../loop/mod.ts";
import { createTask, gather, run, sleep, waitFor } from "../tasks/mod.ts";
import { BoundedSemaphore, Semaphore } from "./semaphore.ts";

/** A task that takes a permit, says so, and keeps it. */
function acquirer(
  semaphore: Semaphore,
  name: string,
  log: string[],
): Task<void> {
  return createTask(async () => {
    await semaphore.acquire();
    log.push(name);
  });
}

Deno.test("Semaphore() takes a whole number that is not negative", () => {
  assert(new Semaphore(0).locked());
  assertFalse(new Semaphore().locked());
  for (const value of [-1, 1.5, NaN, Infinity]) {
    assertThrows(
      () => new Semaphore(value),
      RangeError,
      `The value of a semaphore must be an integer of at least 0: received ${value}`,
    );
  }
  assertThrows(
    () => new Semaphore("1" as unknown as number),
    TypeError,
    'The value of a semaphore must be an integer: received "1"',
  );
});

Deno.test("Semaphore.acquire() takes a permit without letting others have a turn", () =>
  run(async () => {
    const semaphore = new Semaphore(2);
    const log: string[] = [];
    createTask(() => void log.push("other"));
    await semaphore.acquire();
    assertFalse(semaphore.locked());
    await semaphore.acquire();
    assert(semaphore.locked());
    assertEquals(log, []);
  }));

Deno.test("Semaphore.release() hands permits to waiters in FIFO order", () =>
  run(async () => {
    const semaphore = new Semaphore(3);
    const log: string[] = [];
    await semaphore.acquire();
    await semaphore.acquire();
    assertFalse(semaphore.locked());
    const [a, b, c] = ["a", "b", "c"].map((name) =>
      acquirer(semaphore, name, log)
    );
    await sleep(0);
    assertEquals(log, ["a"]);
    assert(semaphore.locked());

    const d = acquirer(semaphore, "d", log);
    semaphore.release();
    semaphore.release();
    assert(semaphore.locked());
    await sleep(0);
    assertEquals(log, ["a", "b", "c"]);
    assert(semaphore.locked());
    assert(a!.done() && b!.done() && c!.done());
    assertFalse(d.done());
    semaphore.release();
    await d;
  }));

Deno.test("Semaphore.release() increments the value when there are no waiters", async () => {
  const semaphore = new Semaphore();
  await semaphore.acquire();
  assert(semaphore.locked());
  semaphore.release();
  assertFalse(semaphore.locked());
  semaphore.release();
  await semaphore.acquire();
  assertFalse(semaphore.locked());
});

Deno.test("Semaphore.acquire() that is cancelled before a permit arrives has no effect", () =>
  run(async () => {
    const semaphore = new Semaphore();
    await semaphore.acquire();
    const task = createTask(() => semaphore.acquire());
    getRunningLoop().callSoon(() => task.cancel());
    await assertRejects(() => task, CancelledError);
    semaphore.release();
    assertFalse(semaphore.locked());
  }));

Deno.test("Semaphore.release() skips cancelled waiters", () =>
  run(async () => {
    const semaphore = new Semaphore(0);
    const log: string[] = [];
    const tasks = ["a", "b", "c", "d"].map((name) =>
      acquirer(semaphore, name, log)
    );
    await sleep(0);
    tasks[0]!.cancel();
    tasks[1]!.cancel();
    semaphore.release();
    await sleep(0);
    await sleep(0);
    assertEquals(log, ["c"]);
    assert(semaphore.locked());
    semaphore.release();
    await gather(tasks, { returnExceptions: true });
    assertEquals(log, ["c", "d"]);
  }));

Deno.test("Semaphore.acquire() cancelled after its wake-up hands the permit on", () =>
  run(async () => {
    const semaphore = new Semaphore(0);
    const log: string[] = [];
    const a = acquirer(semaphore, "a", log);
    const b = acquirer(semaphore, "b", log);
    await sleep(0);
    semaphore.release();
    a.cancel();
    assert(semaphore.locked());
    await b;
    assert(a.cancelled());
    assertEquals(log, ["b"]);
    assert(semaphore.locked());
    semaphore.release();
    assertFalse(semaphore.locked());
  }));

Deno.test("Semaphore.acquire() that is cancelled after its wake-up returns the permit", () =>
  run(async () => {
    const semaphore = new Semaphore(1);
    const first = createTask(async () => {
      {
        using _ = await semaphore.acquire();
        await sleep(0);
      }
      second.cancel();
    });
    const second = createTask(async () => {
      using _ = await semaphore.acquire();
      throw new Error("unreachable");
    });
    const outcomes = await gather([first, second], { returnExceptions: true });
    assertEquals(outcomes[0], undefined);
    assert(outcomes[1] as unknown instanceof CancelledError);
    await waitFor(() => semaphore.acquire(), 1);
  }));

Deno.test("Semaphore.acquire() waits behind woken waiters that have not resumed", () =>
  run(async () => {
    const semaphore = new Semaphore(1);
    const log: string[] = [];
    const work = (name: string) =>
      createTask(async () => {
        for (const round of [1, 2]) {
          await semaphore.acquire();
          log.push(`${name}${round}`);
          await sleep(0);
          semaphore.release();
        }
      });
    await gather([work("a"), work("b"), work("c")]);
    // As CPython 3.13.
    assertEquals(log, ["a1", "b1", "c1", "a2", "b2", "c2"]);
  }));

Deno.test("Semaphore.acquire() wakes as many as there are permits when it resumes", () =>
  run(async () => {
    const semaphore = new Semaphore(0);
    const log: string[] = [];
    const a = createTask(async () => {
      await semaphore.acquire();
      createTask(() => void log.push("created by a"));
      log.push("a");
    });
    const b = createTask(async () => {
      semaphore.release();
      semaphore.release();
      semaphore.release();
      // Two permits are free, but a, who was woken, comes first.
      assert(semaphore.locked());
      await semaphore.acquire();
      log.push("b");
    });
    const c = acquirer(semaphore, "c", log);
    await gather([a, b, c]);
    await sleep(0);
    // As CPython 3.13: b and c were woken before a's own code went on.
    assertEquals(log, ["a", "b", "c", "created by a"]);
  }));

Deno.test("Semaphore.acquire() that goes first again waits behind the others", () =>
  run(async () => {
    const semaphore = new Semaphore(1);
    const log: string[] = [];
    const a = acquirer(semaphore, "a", log);
    const b = createTask(async () => {
      await semaphore.acquire();
      log.push("b");
      semaphore.release();
      await semaphore.acquire();
      log.push("b again");
    });
    const c = acquirer(semaphore, "c", log);
    await sleep(0);
    semaphore.release();
    semaphore.release();
    await gather([a, b, c]);
    assertEquals(log, ["a", "b", "c", "b again"]);
  }));

Deno.test("Semaphore's guard releases its permit once", () =>
  run(async () => {
    const semaphore = new Semaphore(2);
    const guard = await semaphore.acquire();
    {
      using _ = await semaphore.acquire();
      assert(semaphore.locked());
    }
    assertFalse(semaphore.locked());
    guard[Symbol.dispose]();
    guard[Symbol.dispose]();
    await semaphore.acquire();
    await semaphore.acquire();
    assert(semaphore.locked());
  }));

Deno.test("Semaphore's guard has release(), which does what its disposal does, once in all", () =>
  run(async () => {
    const semaphore = new Semaphore(1);
    {
      using guard = await semaphore.acquire();
      guard.release();
      assertFalse(semaphore.locked());
      guard.release();
    }
    assertEquals(String(semaphore), "<Semaphore [unlocked, value:1]>");
  }));

Deno.test("Semaphore's guard releases its permit when it had to be waited for", () =>
  run(async () => {
    const semaphore = new Semaphore(0);
    const task = createTask(async () => {
      using _ = await semaphore.acquire();
      await sleep(0);
    });
    await sleep(0);
    semaphore.release();
    await task;
    assertFalse(semaphore.locked());
  }));

Deno.test("Semaphore works outside run()", async () => {
  const semaphore = new Semaphore(1);
  const first = await semaphore.acquire();
  const second = semaphore.acquire();
  assertFalse(second.done());
  first[Symbol.dispose]();
  using _ = await second;
  assert(semaphore.locked());
});

Deno.test("Semaphore is bound to the loop in which it is first waited for", async () => {
  const semaphore = new Semaphore(0);
  await run(async () => {
    const task = createTask(() => semaphore.acquire());
    await sleep(0);
    semaphore.release();
    await task;
  });
  await run(() =>
    assertRejects(
      () => semaphore.acquire(),
      RuntimeError,
      "Cannot wait for the semaphore as it is bound to another event loop",
    )
  );
});

Deno.test("Semaphore admits 10,000 tasks, a few at a time, and recovers every permit", () =>
  run(async () => {
    const semaphore = new Semaphore(7);
    let inside = 0;
    let most = 0;
    let entered = 0;
    const tasks = Array.from(
      { length: 10_000 },
      (_, i) =>
        createTask(async () => {
          using _ = await semaphore.acquire();
          most = Math.max(most, ++inside);
          entered++;
          try {
            tasks[(i + 3) % 10_000]!.cancel();
            await sleep(0);
          } finally {
            inside--;
          }
        }),
    );
    await gather(tasks, { returnExceptions: true });
    assertEquals([most, inside], [7, 0]);
    assert(entered >= 3_000);
    const permits = Array.from({ length: 7 }, () => semaphore.acquire());
    assert(permits.every((permit) => permit.done()));
    assert(semaphore.locked());
  }));

Deno.test("Semaphore.toString() describes its state", () =>
  run(async () => {
    const semaphore = new Semaphore(1);
    assertEquals(String(semaphore), "<Semaphore [unlocked, value:1]>");
    await semaphore.acquire();
    assertEquals(Deno.inspect(semaphore), "<Semaphore [locked]>");
    const wait = semaphore.acquire();
    assertEquals(String(semaphore), "<Semaphore [locked, waiters:1]>");
    wait.cancel();
    await sleep(0);
    assertEquals(String(semaphore), "<Semaphore [locked]>");
  }));

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
