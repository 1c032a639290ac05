// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  asCompleted,
  CancelledError,
  createTask,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  Future,
  gather,
  getRunningLoop,
  shield,
  sleep,
  type Task,
  wait,
} from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import { assertHeeded, assertSound, ended, orLate, Work } from "./exploring.ts";

/** Takes some steps, and gives its number. */
async function count(number: number): Promise<number> {
  for (let i = 0; i < number; i++) await sleep(i % 2);
  return number;
}

Deno.test("gather() returns results in argument order, in any order of events", () =>
  assertSound(async () => {
    const results = await gather([
      () => count(2),
      () => count(0),
      () => count(1),
    ]);
    assertEquals(results, [2, 0, 1]);
  }));

for (const returnExceptions of [false, true]) {
  Deno.test(`gather() cancels its children, with returnExceptions: ${returnExceptions}, in any order`, () =>
    assertSound(async (trial) => {
      const work = new Work();
      const children = [1, 2, 3].map((number) =>
        createTask(() => work.run(() => count(number)))
      );
      const task = trial.mayCancel(createTask(async () => {
        try {
          const results = returnExceptions
            ? await gather(children, { returnExceptions: true })
            : await gather(children);
          assertEquals(results, [1, 2, 3]);
        } finally {
          for (const child of task.cancelling() > 0 ? children : []) {
            assert(child.done() || child.cancelling() > 0);
          }
          // Otherwise wait() returns at the first exception.
          if (returnExceptions) assertEquals(work.active, 0);
        }
      }));
      await ended([task]);
      assertHeeded(task);
      await ended(children);
      assertEquals(work.active, 0);
    }, { cancellations: 1 }));
}

Deno.test("gather() throws the first failure and reports no other, in any order of events", () =>
  assertSound(async (trial) => {
    const children = ["a", "b"].map((name) =>
      createTask(async () => {
        await count(name === "a" ? 1 : 2);
        throw new Error(name);
      })
    );
    const other = trial.mayCancel(createTask(() => count(1)));
    try {
      await gather([...children, other]);
      throw new Error("It did not fail");
    } catch (error) {
      const isOfOther = error instanceof CancelledError && other.cancelled();
      assert(isOfOther || ["a", "b"].includes((error as Error).message));
    }
    await wait([...children, other]);
  }));

Deno.test("gather() with returnExceptions returns every outcome, in any order of events", () =>
  assertSound(async (trial) => {
    const failing = createTask(async () => {
      await sleep(0);
      throw new Error("as expected");
    });
    const cancellable = trial.mayCancel(createTask(() => count(2)));
    const [one, failure, two] = await gather(
      [() => count(1), failing, cancellable],
      { returnExceptions: true },
    );
    assertEquals(one, 1);
    assertEquals(String(failure), "Error: as expected");
    if (cancellable.cancelled()) assert(two instanceof CancelledError);
    else assertEquals(two, 2);
  }));

for (const returnWhen of [FIRST_COMPLETED, FIRST_EXCEPTION] as const) {
  Deno.test(`wait() with ${returnWhen} separates done and pending, in any order`, () =>
    assertSound(async (trial) => {
      const children = [1, 2, 3].map((number) =>
        createTask(async () => {
          await count(number);
          if (number === 2) throw new Error("of the second");
        })
      );
      trial.mayCancel(children[2]!);
      const waiter = trial.mayCancel(createTask(async () => {
        const [done, pending] = await wait(children, {
          returnWhen,
          timeout: 5,
        });
        assertEquals(done.size + pending.size, 3);
        for (const each of done) assert(each.done());
        for (const each of pending) assertFalse(each.done());
        assert(done.size > 0 || getRunningLoop().time() >= 5);
      }));
      await ended([waiter]);
      assertHeeded(waiter);
      // wait() cancels nothing.
      for (const each of children.slice(0, 2)) {
        assertEquals(each.cancelling(), 0);
      }
      await wait(children);
      children[1]!.exception();
    }));
}

Deno.test("shield() leaves the inner task running, in any order of events", () =>
  assertSound(async (trial) => {
    const inner = createTask(() => count(3));
    const outer = trial.mayCancel(createTask(() => shield(inner)));
    const other = createTask(() => shield(inner));
    await ended([outer, other]);
    assertHeeded(outer);
    assertEquals(await inner, 3);
    assertEquals(inner.cancelling(), 0);
    if (!outer.cancelled()) assertEquals(outer.result(), 3);
    assertEquals(other.result(), 3);
  }));

Deno.test("asCompleted() yields each outcome once, in any order of events", () =>
  assertSound(async (trial) => {
    const children = [1, 2, 0].map((number) => createTask(() => count(number)));
    const got: number[] = [];
    const taker = trial.mayCancel(createTask(async () => {
      for await (const each of asCompleted(children)) {
        got.push(each.result());
        await sleep(0);
      }
    }));
    await ended([taker]);
    assertHeeded(taker);
    assertEquals(new Set(got).size, got.length);
    if (!taker.cancelled()) assertEquals(got.sort(), [0, 1, 2]);
    assertEquals(await gather(children), [1, 2, 0]);
  }));

Deno.test("asCompleted() gives a cancelled consumer's outcome to the next, in any order", () =>
  assertSound(async (trial) => {
    const children = [1, 2, 3].map((number) => createTask(() => count(number)));
    const got: number[] = [];
    const wishes = [...asCompleted(children)];
    const takers = wishes.map((wish) =>
      createTask(async () => void got.push(await wish))
    );
    trial.mayCancel(takers[0]!);
    await ended(takers);
    takers.forEach(assertHeeded);
    const cancelled = takers.filter((task) => task.cancelled()).length;
    assertEquals(new Set(got).size, 3 - cancelled);
  }));

Deno.test("asCompleted() keeps its time limit, in any order of events", () =>
  assertSound(async () => {
    const children = [1, 2].map((each) => createTask(() => sleep(each, each)));
    const got: (number | null)[] = [];
    for (const wish of asCompleted(children, { timeout: 1.5 })) {
      got.push(await orLate(Promise.resolve(wish)));
    }
    assertEquals(got.length, 2);
    for (const task of children) task.cancel();
    await ended(children);
  }));

Deno.test("Future resumes every awaiter, in any order of events", () =>
  assertSound(async (trial) => {
    const future = new Future<number>();
    const waiters = [1, 2].map(() => createTask(() => shield(future)));
    trial.mayCancel(waiters[0]!);
    const called: number[] = [];
    for (let i = 0; i < 3; i++) future.addDoneCallback(() => called.push(i));
    const setter = createTask(async () => {
      await sleep(0);
      future.setResult(1);
    });
    await ended([...waiters, setter]);
    await sleep(0);
    assertEquals(await future, 1);
    assertEquals(called, [0, 1, 2]);
  }));

Deno.test("sleep() that is cancelled leaves no timer behind, in any order of events", () =>
  assertSound(async (trial) => {
    const loop = getRunningLoop();
    const sleeper = trial.mayCancel(createTask(() => sleep(100, "slept")));
    await sleep(1);
    sleeper.cancel();
    await ended([sleeper]);
    const start = loop.time();
    let isIdle = false;
    loop.callAt(start + 50, () => isIdle = true);
    await sleep(60);
    assert(isIdle);
    assertEquals(loop.time(), start + 60);
  }, { timeouts: false }));

Deno.test("gather(), wait(), shield() and asCompleted() survive cancellation anywhere", async () => {
  const awaits = await cancelEverywhere(() => {
    const shielded: Task<number>[] = [];
    const children: Task<number>[] = [];
    const child = (number: number) => {
      const task = createTask(() => count(number));
      children.push(task);
      return task;
    };
    return {
      body: async () => {
        assertEquals(await gather([child(1), child(2)]), [1, 2]);
        await wait([child(1), child(2)], { timeout: 1 });
        shielded.push(child(2));
        assertEquals(await shield(shielded[0]!), 2);
        for await (const each of asCompleted([child(1), child(3)])) {
          assert(each.done());
        }
      },
      check: async () => {
        for (const each of shielded) assertEquals(await each, 2);
        for (const each of children) each.cancel();
        await wait([createTask(() => {}), ...children]);
      },
    };
  });
  assert(awaits >= 5);
});
