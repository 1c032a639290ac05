// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  allTasks,
  CancelledError,
  createTask,
  currentTask,
  ExceptionGroup,
  sleep,
  type Task,
  TaskGroup,
  taskGroup,
  timeout,
} from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import { assertHeeded, assertSound, ended, orLate, Work } from "./exploring.ts";

/** Throws unless no other task is left. */
function assertAlone(...known: Task<unknown>[]): void {
  const others = [...allTasks()].filter((task) =>
    task !== currentTask() && !known.includes(task)
  );
  assertEquals(others.map(String), []);
}

/** Work that takes some steps, and may fail. */
class Steps extends Work {
  take(steps: number, fails = false): Promise<void> {
    return this.run(async () => {
      for (let i = 0; i < steps; i++) await sleep(i % 2);
      if (fails) throw new Error("of a member");
    });
  }
}

Deno.test("TaskGroup leaves no task behind, in any order of events", () =>
  assertSound(async (trial) => {
    const work = new Steps();
    const parent = trial.mayCancel(createTask(async () => {
      const result = await taskGroup((group) => {
        group.createTask(() => work.take(1));
        trial.mayCancel(group.createTask(() => work.take(2)));
        group.createTask(() => group.createTask(() => work.take(1)));
        return "result";
      });
      assertEquals(work.active, 0);
      return result;
    }));
    await ended([parent]);
    assertHeeded(parent);
    assertEquals(work.active, 0);
    assertAlone();
  }));

Deno.test("TaskGroup ends its tasks and collects errors when one fails, in any order", () =>
  assertSound(async (trial) => {
    const work = new Steps();
    const parent = trial.mayCancel(createTask(async () => {
      const error = await assertRejects(() =>
        taskGroup(async (group) => {
          group.createTask(() => work.take(2));
          group.createTask(() => work.take(1, true));
          trial.mayCancel(group.createTask(() => work.take(3, true)));
          await sleep(1);
        })
      );
      assertEquals(work.active, 0);
      const isMine = error instanceof CancelledError;
      if (isMine) throw error;
      assert(error instanceof ExceptionGroup, `${error}`);
      assert(error.exceptions.length >= 1 && error.exceptions.length <= 2);
      // What it cancelled itself to end the body is taken back.
      await sleep(0);
    }));
    await ended([parent]).catch((error) => {
      // All that was to fail had been cancelled.
      if (!String(error).includes("Expected function to reject")) throw error;
    });
    if (!parent.cancelled()) assertEquals(parent.cancelling(), 0);
    assertEquals(work.active, 0);
    assertAlone();
  }));

Deno.test("TaskGroup.cancel() ends the group and nothing else, in any order of events", () =>
  assertSound(async (trial) => {
    const work = new Steps();
    const group = new TaskGroup();
    let hasBegun = false;
    const parent = trial.mayCancel(createTask(async () => {
      await group.run(async () => {
        hasBegun = true;
        group.createTask(() => work.take(2));
        await work.take(3);
      });
      assertEquals(work.active, 0);
      await sleep(0);
      return "after the group";
    }));
    const canceller = createTask(async () => {
      // Where it comes before the group has begun, no task can be created in it.
      while (!hasBegun && !parent.done()) await sleep(0);
      group.cancel();
    });
    await ended([parent, canceller]);
    assertHeeded(parent);
    if (!parent.cancelled()) assertEquals(parent.result(), "after the group");
    assertAlone();
  }));

Deno.test("TaskGroup inside a group, inside a time limit, in any order of events", () =>
  assertSound(async (trial) => {
    const work = new Steps();
    const parent = trial.mayCancel(
      createTask(() =>
        orLate(timeout(2, () =>
          taskGroup(async (outer) => {
            outer.createTask(() => work.take(3));
            await taskGroup((inner) => {
              inner.createTask(() => work.take(5));
              inner.createTask(() => work.take(1));
            });
          })))
      ),
    );
    await ended([parent]);
    assertHeeded(parent);
    assertEquals(work.active, 0);
    assertAlone();
  }));

Deno.test("taskGroup() stays whole wherever it is cancelled", async () => {
  const awaits = await cancelEverywhere(() => {
    const work = new Steps();
    return {
      body: async () => {
        await taskGroup(async (group) => {
          group.createTask(() => work.take(3));
          await work.take(1);
          group.createTask(() => work.take(2));
        });
        assertEquals(work.finished, 3);
        await sleep(0);
      },
      check: (victim) => {
        assertEquals(work.active, 0);
        assertAlone(victim);
      },
    };
  });
  assert(awaits >= 4);
});
