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
  type Future,
  RuntimeError,
  type Task,
} from "../loop/mod.ts";
import { createTask, gather, run, sleep } from "../tasks/mod.ts";
import { Barrier, BrokenBarrierError } from "./barrier.ts";

function times<T>(n: number, make: () => Promise<T>): Task<T>[] {
  return Array.from({ length: n }, () => createTask(make));
}

Deno.test("Barrier() requires an integer of at least one", () => {
  assertEquals(new Barrier(5).parties, 5);
  for (const parties of [0, -4, 2.5, NaN]) {
    assertThrows(
      () => new Barrier(parties),
      RangeError,
      `The parties of a barrier must be an integer of at least 1: received ${parties}`,
    );
  }
  assertThrows(
    () => new Barrier(undefined as unknown as number),
    TypeError,
    "The parties of a barrier must be an integer: received undefined",
  );
});

Deno.test("Barrier.wait() releases all tasks when the last has arrived", () =>
  run(async () => {
    const barrier = new Barrier(3);
    const log: string[] = [];
    const work = async () => {
      const index = await barrier.wait();
      log.push(`${index} sees ${barrier.nWaiting}`);
      return index;
    };
    const tasks = times(2, work);
    await sleep(0);
    assertEquals(barrier.nWaiting, 2);
    tasks.push(createTask(work));
    assertEquals(await gather(tasks), [0, 1, 2]);
    // As in CPython 3.13, the last task does not wait.
    assertEquals(log, ["2 sees 0", "0 sees 0", "1 sees 0"]);
    assertEquals(barrier.nWaiting, 0);
    assertFalse(barrier.broken);
  }));

Deno.test("Barrier.wait() with one party does not wait", () =>
  run(async () => {
    const barrier = new Barrier(1);
    const [a, b] = times(2, () => barrier.wait());
    await sleep(0);
    assertEquals([a!.result(), b!.result()], [0, 0]);
    assertEquals(barrier.nWaiting, 0);
  }));

Deno.test("Barrier can be used again and again", () =>
  run(async () => {
    const barrier = new Barrier(5);
    const log: string[] = [];
    const tasks = times(5, async () => {
      await barrier.wait();
      log.push("first");
      const index = await barrier.wait();
      log.push("second");
      return index;
    });
    const indices = await gather(tasks);
    assertEquals(indices.toSorted(), [0, 1, 2, 3, 4]);
    assertEquals(log.slice(0, 5), Array(5).fill("first"));
    assertEquals(log.slice(5), Array(5).fill("second"));
    assertEquals(barrier.nWaiting, 0);
  }));

Deno.test("Barrier.wait() waits for the round before to leave", () =>
  run(async () => {
    const barrier = new Barrier(2);
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name}${await barrier.wait()}`);
    };
    const tasks = ["a", "b", "c", "d", "e"].map((name) =>
      createTask(work(name))
    );
    await sleep(0);
    // c, d and e came while the first two were leaving.
    assertEquals(barrier.nWaiting, 0);
    await gather(tasks.slice(0, 4));
    await sleep(0);
    assertEquals(log, ["b1", "a0", "d1", "c0"]);
    assertEquals(barrier.nWaiting, 1);
    tasks[4]!.cancel();
    await assertRejects(() => tasks[4]!, CancelledError);
    assertEquals(barrier.nWaiting, 0);
  }));

Deno.test("Barrier works alongside another while it drains", () =>
  run(async () => {
    const all = new Barrier(5);
    const most = new Barrier(3);
    let again = 2;
    const tasks = times(5, async () => {
      await all.wait();
      if (again > 0) {
        again--;
        await all.wait();
      } else {
        await most.wait();
        await all.wait();
      }
    });
    await gather(tasks);
    assertEquals([all.nWaiting, most.nWaiting], [0, 0]);
  }));

Deno.test("Barrier.wait() that is cancelled leaves its place to another", () =>
  run(async () => {
    const barrier = new Barrier(3);
    let passed = 0;
    const work = async () => {
      await barrier.wait();
      passed++;
    };
    const [first, ...others] = times(2, work);
    await sleep(0);
    assertEquals(barrier.nWaiting, 2);
    first!.cancel();
    await sleep(0);
    assertEquals(barrier.nWaiting, 1);
    await assertRejects(() => first!, CancelledError);
    others.push(...times(2, work));
    await gather(others);
    assertEquals(passed, 3);
    assertFalse(barrier.broken);
  }));

Deno.test("Barrier.wait() cancelled after all have arrived does not block the others", () =>
  run(async () => {
    const barrier = new Barrier(3);
    const [a, b] = times(2, () => barrier.wait());
    await sleep(0);
    assertEquals(await barrier.wait(), 2);
    a!.cancel();
    assertEquals(await b, 1);
    assert(a!.cancelled());
    assertEquals(barrier.nWaiting, 0);
    assertEquals((await gather(times(3, () => barrier.wait()))).length, 3);
  }));

Deno.test("Barrier.reset() fails its waiters with an error", () =>
  run(async () => {
    const barrier = new Barrier(3);
    const tasks = times(2, () => barrier.wait());
    await sleep(0);
    await barrier.reset();
    for (const task of tasks) {
      await assertRejects(
        () => task,
        BrokenBarrierError,
        "Cannot wait at the barrier any longer as it was reset",
      );
    }
    assertFalse(barrier.broken);
    assertEquals(await gather(times(3, () => barrier.wait())), [0, 1, 2]);
  }));

Deno.test("Barrier.reset() of an empty barrier changes nothing", () =>
  run(async () => {
    const barrier = new Barrier(1);
    await barrier.reset();
    assertEquals(barrier.nWaiting, 0);
    assertFalse(barrier.broken);
    assertEquals(await barrier.wait(), 0);
  }));

Deno.test("Barrier.reset() while half have left sends the others away", () =>
  run(async () => {
    const barrier = new Barrier(5);
    const log: string[] = [];
    let left = 0;
    const tasks = times(5, async () => {
      try {
        const index = await barrier.wait();
        log.push(`${index} passed`);
        if (++left === 3) await barrier.reset();
      } catch (error) {
        assertInstanceOf(error, BrokenBarrierError);
        log.push("sent away");
      }
    });
    await gather(tasks);
    // As CPython 3.13.
    assertEquals(log, [
      "4 passed",
      "0 passed",
      "1 passed",
      "sent away",
      "sent away",
    ]);
    assertEquals(barrier.nWaiting, 0);
    assertFalse(barrier.broken);
  }));

Deno.test("Barrier.reset() lets failed tasks wait again", () =>
  run(async () => {
    const barrier = new Barrier(5);
    let sentAway = 0;
    let passed = 0;
    const tasks = times(4, async () => {
      await assertRejects(() => barrier.wait(), BrokenBarrierError);
      sentAway++;
      await barrier.wait();
      passed++;
    });
    createTask(() => barrier.reset());
    await sleep(0);
    tasks.push(createTask(async () => {
      await barrier.wait();
      passed++;
    }));
    await gather(tasks);
    assertEquals([sentAway, passed], [4, 5]);
  }));

Deno.test("Barrier.abort() fails present and future waiters until it is reset", () =>
  run(async () => {
    const barrier = new Barrier(3);
    const tasks = times(2, () => barrier.wait());
    await sleep(0);
    await barrier.abort();
    assert(barrier.broken);
    assertEquals(barrier.nWaiting, 0);
    for (const task of tasks) {
      await assertRejects(
        () => task,
        BrokenBarrierError,
        "Cannot wait at the barrier any longer as it was aborted",
      );
    }
    const error = await assertRejects(
      () => barrier.wait(),
      BrokenBarrierError,
      "Cannot wait at the barrier as it is broken",
    );
    assertInstanceOf(error, RuntimeError);
    assertEquals(error.name, "BrokenBarrierError");
    await barrier.reset();
    assertFalse(barrier.broken);
    assertEquals(await gather(times(3, () => barrier.wait())), [0, 1, 2]);
  }));

Deno.test("Barrier.abort() during draining fails tasks that wait to enter", () =>
  run(async () => {
    const barrier = new Barrier(5);
    const log: string[] = [];
    let left = 0;
    const tasks = times(5, async () => {
      try {
        await barrier.wait();
        log.push("passed");
        if (++left > 2) await barrier.abort();
        else await barrier.wait();
      } catch (error) {
        assertInstanceOf(error, BrokenBarrierError);
        log.push("sent away");
      }
    });
    await gather(tasks);
    assert(barrier.broken);
    // As CPython 3.13.
    assertEquals(log, [
      "passed",
      "passed",
      "passed",
      "sent away",
      "sent away",
      "sent away",
      "sent away",
    ]);
  }));

Deno.test("Barrier.abort() and reset() take effect at the call", () =>
  run(async () => {
    const barrier = new Barrier(2);
    const task = createTask(() => barrier.wait());
    await sleep(0);
    assert(barrier.abort().done());
    assert(barrier.broken);
    assert(barrier.reset().done());
    assertFalse(barrier.broken);
    await assertRejects(() => task, BrokenBarrierError, "as it was reset");
  }));

Deno.test("Barrier.wait() can be cancelled in every state of the barrier", () =>
  run(async () => {
    const barrier = new Barrier(2);
    const arrive = () => createTask(() => barrier.wait());
    const assertCancelled = (future: Future<number>) =>
      assertRejects(() => future, CancelledError);

    const first = arrive();
    await sleep(0);
    first.cancel();
    await assertCancelled(first);

    const [leaving, late] = [arrive(), arrive(), arrive()].slice(1);
    await sleep(0);
    assertEquals(String(barrier), "<Barrier [draining, waiters:0/2]>");
    late!.cancel();
    await assertCancelled(late!);
    assertEquals(await leaving, 1);

    const failing = arrive();
    await sleep(0);
    barrier.reset();
    assertEquals(String(barrier), "<Barrier [resetting, waiters:0/2]>");
    const behind = barrier.wait();
    behind.cancel();
    failing.cancel();
    await assertCancelled(behind);
    await assertCancelled(failing);
    assertEquals(String(barrier), "<Barrier [filling, waiters:0/2]>");

    const aborted = arrive();
    await sleep(0);
    barrier.abort();
    aborted.cancel();
    await assertCancelled(aborted);
    assertEquals(String(barrier), "<Barrier [broken]>");
    barrier.reset();
    assertEquals(await gather(times(2, () => barrier.wait())), [0, 1]);
  }));

Deno.test("Barrier works outside run()", async () => {
  const barrier = new Barrier(2);
  assertEquals(await Promise.all([barrier.wait(), barrier.wait()]), [0, 1]);
});

Deno.test("Barrier is bound to the loop in which it is first waited for", async () => {
  const barrier = new Barrier(2);
  await run(() => gather(times(2, () => barrier.wait())));
  await run(() =>
    assertRejects(() => barrier.wait(), RuntimeError, "is bound to")
  );
});

Deno.test("Barrier releases 10,000 tasks", () =>
  run(async () => {
    const barrier = new Barrier(10_000);
    const indices = await gather(times(10_000, () => barrier.wait()));
    assertEquals(indices, Array.from(Array(10_000).keys()));
  }));

Deno.test("Barrier.toString() describes its state", () =>
  run(async () => {
    const barrier = new Barrier(3);
    const tasks = times(2, () => barrier.wait());
    await sleep(0);
    assertEquals(String(barrier), "<Barrier [filling, waiters:2/3]>");
    await barrier.wait();
    assertEquals(Deno.inspect(barrier), "<Barrier [draining, waiters:0/3]>");
    await gather(tasks);
    assertEquals(String(barrier), "<Barrier [filling, waiters:0/3]>");
    await barrier.abort();
    assertEquals(String(barrier), "<Barrier [broken]>");
  }));
