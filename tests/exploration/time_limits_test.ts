// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import {
  createTask,
  currentTask,
  Event,
  FIRST_COMPLETED,
  Future,
  getRunningLoop,
  RuntimeError,
  sleep,
  Timeout,
  timeout,
  timeoutAt,
  TimeoutError,
  wait,
  waitFor,
} from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import { assertHeeded, assertSound, ended, orLate, Work } from "./exploring.ts";

Deno.test("timeout() returns, throws a TimeoutError or is cancelled, in any order of events", () =>
  assertSound(async (trial) => {
    const work = new Work();
    const steps = async () => {
      await sleep(0);
      await sleep(1);
      return "done";
    };
    const task = trial.mayCancel(createTask(async () => {
      const result = await orLate(timeout(1.5, () => work.run(steps)));
      assertEquals(work.active, 0);
      assert(result === "done" || result === null);
      // The cancellation with which the limit struck is over.
      await sleep(0);
      return result;
    }));
    await ended([task]);
    assertHeeded(task);
    assertEquals(work.active, 0);
  }));

Deno.test("timeout() nested throws the TimeoutError of the limit that expired", () =>
  assertSound(async (trial) => {
    const task = trial.mayCancel(createTask(async () => {
      let inner: Timeout | null = null;
      let outer: Timeout | null = null;
      try {
        await timeout(1, async (scope) => {
          outer = scope;
          try {
            await timeout(1, (scope) => {
              inner = scope;
              return sleep(2);
            });
          } catch (error) {
            if (error instanceof TimeoutError) assert(inner!.expired());
            throw error;
          }
        });
        throw new Error("Neither struck");
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error;
        assert(inner!.expired() || outer!.expired());
      }
      assertEquals(currentTask()!.cancelling(), 0);
      await sleep(0);
    }));
    await ended([task]);
    assertHeeded(task);
  }));

Deno.test("Timeout.reschedule() moves the limit or is too late, in any order of events", () =>
  assertSound(async (trial) => {
    const scope = new Timeout(1);
    const isEntered = new Event();
    const task = trial.mayCancel(createTask(async () => {
      const result = await orLate(scope.run(async () => {
        isEntered.set();
        await sleep(5);
        return "done";
      }));
      assertEquals(result === null, scope.expired());
      await sleep(0);
    }));
    const other = createTask(async () => {
      await wait([task, createTask(() => isEntered.wait())], {
        returnWhen: FIRST_COMPLETED,
      });
      try {
        scope.reschedule(10);
        assertEquals(scope.when(), 10);
        await sleep(0);
        scope.reschedule(null);
      } catch (error) {
        // It has expired, or was left.
        if (!(error instanceof RuntimeError)) throw error;
      }
    });
    await ended([task, other]);
    assertHeeded(task);
  }));

Deno.test("timeoutAt() with a past deadline cancels the first await, in any order of events", () =>
  assertSound(async (trial) => {
    let began = 0;
    let went = 0;
    const task = trial.mayCancel(
      createTask(() =>
        orLate(timeoutAt(getRunningLoop().time() - 1, async () => {
          began++;
          await sleep(1);
          went++;
        }))
      ),
    );
    await ended([task]);
    assertHeeded(task);
    assertEquals(went, 0);
    assert(began <= 1);
  }));

Deno.test("waitFor() ends what it waits for before it returns, in any order of events", () =>
  assertSound(async (trial) => {
    const work = new Work();
    const task = trial.mayCancel(createTask(async () => {
      const inner = createTask(() => work.run(() => sleep(1, "done")));
      try {
        const result = await orLate(waitFor(inner, 1.5));
        // One that had ended when the limit struck keeps its result.
        if (result !== null) assertEquals(inner.result(), "done");
      } finally {
        assert(inner.done());
        assertEquals(work.active, 0);
      }
      await sleep(0);
    }));
    await ended([task]);
    assertHeeded(task);
  }));

Deno.test("waitFor() cancels a future unless it is done, in any order of events", () =>
  assertSound(async () => {
    const future = new Future<string>();
    const setter = createTask(async () => {
      await sleep(1);
      if (!future.done()) future.setResult("set");
    });
    const waiter = createTask(() => orLate(waitFor(future, 1)));
    await ended([setter, waiter]);
    if (future.cancelled()) assertEquals(waiter.result(), null);
    else assertEquals(future.result(), "set");
  }));

Deno.test("timeout() and waitFor() stay whole wherever they are cancelled", async () => {
  const awaits = await cancelEverywhere(() => {
    const work = new Work();
    const take = (seconds: number) => work.run(() => sleep(seconds));
    return {
      body: async () => {
        await timeout(2, () => take(1));
        await orLate(timeout(1, () => take(2)));
        await waitFor(() => take(1), 2);
        await orLate(waitFor(createTask(() => take(2)), 1));
        await orLate(waitFor(createTask(() => take(2)), 0));
        assertEquals(currentTask()!.cancelling(), 0);
      },
      check: () => assertEquals(work.active, 0),
    };
  });
  assert(awaits >= 8);
});
