// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
} from "@std/assert";
import { newVirtualLoop } from "../tests/doubles/fake_host.ts";
import {
  CancelledError,
  createTask,
  currentTask,
  Event,
  ExceptionGroup,
  Future,
  gather,
  Lock,
  run,
  sleep,
  type Task,
  TaskGroup,
  taskGroup,
  timeout,
  TimeoutError,
  waitFor,
} from "../mod.ts";

// What Python cannot do: a task whose functions go on side by side.

/** Runs a function on a loop whose clock jumps. */
function inNoTime<T>(main: () => Promise<T>): () => Promise<T> {
  return () => run(main, { loopFactory: newVirtualLoop });
}

/** What became of several promises: the value, or the name of the error. */
async function outcomes(
  ...promises: readonly PromiseLike<unknown>[]
): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((each) =>
    each.status === "fulfilled" ? each.value : each.reason.name
  );
}

Deno.test(
  "A time limit cancels its own body, and nothing beside it",
  inNoTime(async () => {
    const lock = new Lock();
    await lock.acquire();
    assertEquals(
      await outcomes(
        timeout(1, () => sleep(3, "slow")),
        timeout(9, () => sleep(3, "in time")),
        timeout(2, () => lock.acquire()),
        sleep(4, "without a limit"),
      ),
      ["TimeoutError", "in time", "TimeoutError", "without a limit"],
    );
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "Time limits that are reached at once do not mistake each other's cancellations for foreign ones",
  inNoTime(async () => {
    const limits = Array.from(
      { length: 20 },
      (_, i) => timeout(1, () => sleep(2 + i)),
    );
    assertEquals(
      await outcomes(...limits),
      limits.map(() => "TimeoutError"),
    );
    assertEquals(currentTask()!.cancelling(), 0);
    assertEquals(await sleep(1, "goes on"), "goes on");
  }),
);

Deno.test(
  "A time limit reaches through what its body awaits together, and time limits within it",
  inNoTime(async () => {
    const cancelled: string[] = [];
    const work = async (name: string) => {
      try {
        await sleep(5);
      } catch (error) {
        cancelled.push(name);
        throw error;
      }
    };
    assertEquals(
      await outcomes(
        timeout(1, () => Promise.all([work("a"), timeout(3, () => work("b"))])),
        timeout(9, () => work("c")),
      ),
      ["TimeoutError", undefined],
    );
    assertEquals(cancelled, ["a", "b"]);
  }),
);

Deno.test(
  "The inner of two time limits beside something else gives way to the outer one that came first",
  inNoTime(async () => {
    const inner = () =>
      timeout(2, async () => {
        try {
          await sleep(5);
        } finally {
          await sleep(1.5); // meanwhile the inner one is reached, too
        }
      });
    assertEquals(
      await outcomes(timeout(1, inner), sleep(9, "beside it")),
      ["TimeoutError", "beside it"],
    );
  }),
);

Deno.test(
  "A time limit beside others arises at the next await of a body that waits for a promise",
  inNoTime(async () => {
    const promise = Promise.withResolvers<void>();
    const steps: string[] = [];
    const body = async () => {
      await promise.promise;
      steps.push("the promise");
      await sleep(1);
      steps.push("never");
    };
    const results = outcomes(
      timeout(1, body),
      sleep(2).then(() => promise.resolve()),
      timeout(9, () => sleep(3, "beside it")),
    );
    assertEquals(await results, ["TimeoutError", undefined, "beside it"]);
    assertEquals(steps, ["the promise"]);
  }),
);

Deno.test(
  "A time limit beside others that is reached when what its body awaits has just come still counts",
  inNoTime(async () => {
    const event = new Event();
    const body = async () => {
      await event.wait();
      await sleep(1);
      return "never";
    };
    const limited = timeout(1, body);
    const beside = timeout(9, async () => {
      await sleep(0);
      return await sleep(3, "beside it");
    });
    const setting = (async () => {
      await sleep(1);
      event.set();
    })();
    assertEquals(await outcomes(limited, beside, setting), [
      "TimeoutError",
      "beside it",
      undefined,
    ]);
  }),
);

Deno.test(
  "The groups of a task fail each by itself",
  inNoTime(async () => {
    const failing = async (group: TaskGroup) => {
      group.createTask(async () => {
        await sleep(1);
        throw new Error("of a child");
      });
      await sleep(5);
    };
    const fine = async (group: TaskGroup) => {
      const task = group.createTask(() => sleep(3, "fine"));
      await sleep(2);
      return task;
    };
    assertEquals(
      await outcomes(taskGroup(failing), taskGroup(fine), sleep(4, "beside")),
      ["ExceptionGroup", "fine", "beside"],
    );
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "A group beside something else that is cancelled stops its own body and tasks",
  inNoTime(async () => {
    const stopped: string[] = [];
    const waiting = async (name: string) => {
      try {
        await sleep(9);
      } finally {
        stopped.push(name);
      }
    };
    const body = async (group: TaskGroup) => {
      group.createTask(() => waiting("child"));
      await sleep(0);
      group.createTask(async () => {
        await sleep(1);
        group.cancel();
      });
      await waiting("body");
    };
    assertEquals(
      await outcomes(taskGroup(body), sleep(3, "beside it")),
      [undefined, "beside it"],
    );
    assertEquals(stopped.toSorted(), ["body", "child"]);
    const own = (group: TaskGroup) => {
      group.cancel();
      return waiting("its own");
    };
    assertEquals(
      await outcomes(sleep(1, "beside it"), taskGroup(own)),
      ["beside it", undefined],
    );
    assertEquals(stopped.at(-1), "its own");
  }),
);

Deno.test(
  "A cancellation by a time limit beside others outlives the failures of a group within it",
  inNoTime(async () => {
    const body = async () => {
      await assertRejects(
        () =>
          taskGroup((group) => {
            group.createTask(async () => {
              try {
                await sleep(9);
              } catch {
                throw new Error("while cleaning up");
              }
            });
            return sleep(9);
          }),
        ExceptionGroup,
      );
      await sleep(9);
      return "never";
    };
    assertEquals(
      await outcomes(timeout(1, body), timeout(9, () => sleep(3, "beside it"))),
      ["TimeoutError", "beside it"],
    );
  }),
);

Deno.test(
  "The cancellation of a task reaches everything in all its time limits and groups",
  inNoTime(async () => {
    const cancelled: string[] = [];
    const work = async (name: string) => {
      try {
        await sleep(9);
      } catch (error) {
        assertInstanceOf(error, CancelledError);
        cancelled.push(name);
        throw error;
      }
    };
    const task = createTask(() =>
      Promise.all([
        timeout(5, () => work("a")),
        taskGroup(() => work("b")),
        work("c"),
        waitFor(() => work("d"), 5),
      ])
    );
    await sleep(1);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    await sleep(1);
    assertEquals(cancelled, ["a", "b", "c", "d"]);
    assert(task.cancelled());
  }),
);

Deno.test(
  "task.signal in a time limit aborts with that alone where there is something beside it",
  inNoTime(async () => {
    const task = currentTask()!;
    const untilAborted = (signal: AbortSignal) =>
      new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    const signals: AbortSignal[] = [];
    const body = () => {
      signals.push(task.signal);
      return untilAborted(task.signal);
    };
    assertEquals(
      await outcomes(
        timeout(1, body),
        timeout(3, body),
        timeout(9, () => sleep(5, "beside them")),
      ),
      ["TimeoutError", "TimeoutError", "beside them"],
    );
    assertNotStrictEquals(signals[0], signals[1]);
    assertFalse(task.signal.aborted);
  }),
);

Deno.test(
  "task.signal in a time limit aborts when the task is cancelled",
  inNoTime(async () => {
    const signals: AbortSignal[] = [];
    const body = async () => {
      signals.push(currentTask()!.signal);
      await sleep(9);
    };
    const task = createTask(() =>
      Promise.all([timeout(5, body), taskGroup(body)])
    );
    await sleep(1);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(signals.map((signal) => signal.aborted), [true, true]);
  }),
);

Deno.test(
  "waitFor() of promises beside each other strikes only what has reached its limit",
  inNoTime(async () => {
    const get = async (n: number) => {
      await sleep(n);
      return n;
    };
    const results = await gather(
      [1, 7, 3].map((n) => waitFor(get(n), 5)),
      { returnExceptions: true },
    );
    assertEquals([results[0], results[2]], [1, 3]);
    assertInstanceOf(results[1], TimeoutError);
    assertEquals(
      await outcomes(...[1, 7, 3].map((n) => waitFor(get(n), 5))),
      [1, "TimeoutError", 3],
    );
  }),
);

Deno.test(
  "waitFor() of a promise alone cancels what that awaits",
  inNoTime(async () => {
    let cancelled = 0;
    const work = async () => {
      try {
        await sleep(9);
      } catch (error) {
        cancelled++;
        throw error;
      }
    };
    await assertRejects(() => waitFor(work(), 1), TimeoutError);
    assertEquals(cancelled, 1);
    const both = Promise.all([work(), work()]);
    await assertRejects(() => waitFor(both, 1), TimeoutError);
    assertEquals(cancelled, 3);
    const begun = work();
    await assertRejects(() => timeout(1, () => begun), TimeoutError);
    assertEquals(cancelled, 4);
  }),
);

Deno.test(
  "What a time limit leaves behind belongs to the code around it",
  inNoTime(async () => {
    const task = currentTask() as Task<unknown>;
    const late = new Future<string>();
    let left: Promise<unknown> = Promise.resolve();
    await timeout(1, () => {
      left = (async () => {
        await sleep(2);
        late.setResult(currentTask() === task ? "the same task" : "another");
        await timeout(9, () => sleep(1));
        return task.signal === currentTask()!.signal;
      })();
    });
    assertEquals(await late, "the same task");
    assertEquals(await left, true);
  }),
);

Deno.test(
  "Time limits leave nothing behind in their task",
  inNoTime(async () => {
    for (let i = 0; i < 1000; i++) {
      await Promise.all([
        timeout(i % 3, () => sleep(1)).catch(() => {}),
        timeout(2, () => sleep(1)),
      ]);
    }
    const task = currentTask()!;
    assertEquals(task.cancelling(), 0);
    // Alone again, a limit cancels the task as in Python.
    await assertRejects(
      () =>
        timeout(1, () =>
          sleep(9).finally(() => {
            assertEquals(task.cancelling(), 1);
          })),
      TimeoutError,
    );
  }),
);
