// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { inVirtualTime } from "../../testing/mod.ts";
import {
  CancelledError,
  createTask,
  currentTask,
  Event,
  ExceptionGroup,
  Future,
  gather,
  getRunningLoop,
  Lock,
  sleep,
  type Task,
  type TaskGroup,
  taskGroup,
  timeout,
  TimeoutError,
  waitFor,
} from "../../mod.ts";

// What Python cannot do: a task whose functions run concurrently. See the table in table_test.ts for the rules.

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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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
  "waitFor() of a promise cancels the one thing that is awaited alongside",
  inVirtualTime(async () => {
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
    // Of several it cannot be told which the promise stands for: only the wait ends.
    const both = Promise.all([work(), work()]);
    await assertRejects(() => waitFor(both, 1), TimeoutError);
    assertEquals(cancelled, 1);
    await both;
    // Without waitFor() a promise is left to itself.
    const begun = work();
    await assertRejects(() => timeout(1, () => begun), TimeoutError);
    assertEquals(cancelled, 1);
    await begun;
  }),
);

Deno.test(
  "What a time limit leaves behind belongs to the code around it",
  inVirtualTime(async () => {
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
  inVirtualTime(async () => {
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

/** Fails when a signal aborts; otherwise gives a result after some seconds, like something of the platform. */
function obedient<T>(signal: AbortSignal, seconds: number, result: T) {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  signal.addEventListener("abort", () => reject(signal.reason));
  getRunningLoop().callLater(seconds, () => resolve(result));
  return promise;
}

/** A group with a task that fails some seconds after it was cancelled. */
function failingGroup(seconds: number): Promise<void> {
  return taskGroup((group) => {
    group.createTask(async () => {
      try {
        await sleep(9);
      } catch {
        await sleep(seconds);
        throw new Error("while cleaning up");
      }
    });
    return sleep(9);
  });
}

Deno.test(
  "A cancellation that the failures of a group displace does not strike a second time what is beside it",
  inVirtualTime(async () => {
    let cleanedUp = false;
    const beside = async () => {
      try {
        await sleep(9);
      } finally {
        await sleep(5);
        cleanedUp = true;
      }
    };
    const task = createTask(() => outcomes(failingGroup(2), beside()));
    await sleep(1);
    task.cancel();
    assertEquals(await task, ["ExceptionGroup", "CancelledError"]);
    assert(cleanedUp);
  }),
);

Deno.test(
  "A cancellation that the failures of a group displace strikes all that its code awaits together then",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const begun = loop.time();
    const body = async () => {
      try {
        await failingGroup(2);
      } finally {
        assertEquals(
          await outcomes(sleep(3), sleep(4)),
          ["CancelledError", "CancelledError"],
        );
      }
    };
    assertEquals(
      await outcomes(timeout(1, () => timeout(20, body)), sleep(6, "beside")),
      ["ExceptionGroup", "beside"],
    );
    assertEquals(loop.time() - begun, 6);
  }),
);

Deno.test(
  "A cancellation that the failures of a group displace ends with the time limit it came from",
  inVirtualTime(async () => {
    const task = currentTask()!;
    await assertRejects(
      () => timeout(1, () => failingGroup(2)),
      ExceptionGroup,
    );
    assertEquals(await sleep(1, "goes on"), "goes on");
    assertEquals(task.cancelling(), 0);
  }),
);

Deno.test(
  "A time limit that is reached does not abort the signal that something beside it has",
  inVirtualTime(async () => {
    const { signal } = currentTask()!;
    assertEquals(
      await outcomes(
        timeout(1, () => sleep(9)),
        obedient(signal, 3, "beside it"),
      ),
      ["TimeoutError", "beside it"],
    );
    assertEquals(
      await outcomes(
        timeout(1, () => obedient(currentTask()!.signal, 9, "never")),
        obedient(signal, 3, "beside it"),
      ),
      ["TimeoutError", "beside it"],
    );
    assertEquals(
      await outcomes(
        timeout(1, () => obedient(currentTask()!.signal, 9, "never")),
        sleep(3, "beside it"),
      ),
      ["TimeoutError", "beside it"],
    );
    assertFalse(signal.aborted);
  }),
);

Deno.test(
  "A time limit whose body awaits a foreign promise strikes nothing of several things beside it",
  inVirtualTime(async () => {
    const never = new AbortController().signal;
    assertEquals(
      await outcomes(
        timeout(1, () => obedient(never, 5, "too late to interrupt")),
        sleep(3, "one"),
        sleep(4, "two"),
      ),
      ["TimeoutError", "one", "two"],
    );
  }),
);

Deno.test(
  "A group that its body cancels at once strikes nothing that began before beside it",
  inVirtualTime(async () => {
    const beside = async () => await sleep(3, "beside it");
    const own = async (group: TaskGroup) => {
      group.cancel();
      await sleep(9);
    };
    assertEquals(
      await outcomes(beside(), taskGroup(own)),
      ["beside it", undefined],
    );
  }),
);

Deno.test(
  "A task that is cancelled while it runs is struck at everything that it awaits together next",
  inVirtualTime(async () => {
    const task = createTask(() => {
      currentTask()!.cancel();
      return outcomes(sleep(3), timeout(9, () => sleep(4)));
    });
    assertEquals(await task, ["CancelledError", "CancelledError"]);
  }),
);

/** Something of the platform that nothing interrupts. */
function foreign(seconds: number): Promise<void> {
  return obedient(new AbortController().signal, seconds, undefined);
}

Deno.test(
  "A group that is cancelled by its body beside others strikes also what the body awaits next",
  inVirtualTime(async () => {
    let struck: unknown;
    const body = async (group: TaskGroup) => {
      const begun = outcomes(sleep(9));
      await sleep(1);
      group.cancel();
      struck = await outcomes(sleep(9));
      await begun;
    };
    await outcomes(taskGroup(body), sleep(3));
    assertEquals(struck, ["CancelledError"]);
  }),
);

Deno.test(
  "A time limit that is reached during a foreign promise beside others arises in a time limit within it",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const begun = loop.time();
    const steps: string[] = [];
    const body = async () => {
      await foreign(2);
      steps.push("the promise");
      await timeout(20, () => sleep(9));
      steps.push("never");
    };
    assertEquals(
      await outcomes(timeout(1, body), sleep(3, "one"), sleep(4, "two")),
      ["TimeoutError", "one", "two"],
    );
    assertEquals(steps, ["the promise"]);
    assertEquals(loop.time() - begun, 4);
  }),
);

Deno.test(
  "A time limit whose signal one line obeys also cancels a line whose future has just come",
  inVirtualTime(async () => {
    const future = new Future<string>();
    getRunningLoop().callLater(1, () => future.setResult("came"));
    const body = () => {
      const request = obedient(currentTask()!.signal, 9, "never");
      return outcomes(request, (async () => await future)());
    };
    assertEquals(
      await outcomes(timeout(1, body), sleep(3, "beside")),
      [["CancelledError", "CancelledError"], "beside"],
    );
  }),
);

Deno.test(
  "A time limit that is reached when a future within another limit has just come still counts",
  inVirtualTime(async () => {
    const future = new Future<void>();
    getRunningLoop().callLater(1, () => future.setResult());
    const body = async () => {
      await future;
      return "never";
    };
    assertEquals(
      await outcomes(timeout(1, () => timeout(9, body)), sleep(3, "beside")),
      ["TimeoutError", "beside"],
    );
  }),
);

Deno.test(
  "task.signal that is read in a time limit after that was reached is aborted",
  inVirtualTime(async () => {
    const task = currentTask()!;
    let isAborted = false;
    const body = () => sleep(9).finally(() => isAborted = task.signal.aborted);
    await outcomes(timeout(1, body), sleep(3));
    assert(isAborted);
    assertFalse(task.signal.aborted);
  }),
);

Deno.test(
  "task.signal that a time limit beside others aborts does not strike the clean-up a second time",
  inVirtualTime(async () => {
    const steps: string[] = [];
    const body = async () => {
      try {
        await obedient(currentTask()!.signal, 9, "never");
      } finally {
        steps.push("cleans up");
        await sleep(1);
        steps.push("cleaned up");
      }
    };
    assertEquals(
      await outcomes(timeout(1, body), sleep(3, "one"), sleep(4, "two")),
      ["TimeoutError", "one", "two"],
    );
    assertEquals(steps, ["cleans up", "cleaned up"]);
  }),
);

Deno.test(
  "task.signal is another one in a body that took back the cancellation by its time limit",
  inVirtualTime(async () => {
    const task = currentTask()!;
    const body = async () => {
      const before = task.signal;
      await outcomes(sleep(9));
      assert(before.aborted);
      assertStrictEquals(task.signal, before);
      task.uncancel();
      return !task.signal.aborted;
    };
    assertEquals(await outcomes(timeout(1, body), sleep(3)), [true, undefined]);
  }),
);

Deno.test(
  "task.signal that is read by what a time limit left behind aborts with the task",
  inVirtualTime(async () => {
    let signal: AbortSignal | undefined;
    const leave = async () => {
      await sleep(1);
      signal = currentTask()!.signal;
      await sleep(9);
    };
    const task = createTask(async () => {
      let left: Promise<void> = Promise.resolve();
      await timeout(5, () => {
        left = leave();
      });
      await timeout(9, () => left);
    });
    await sleep(2);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assert(signal?.aborted);
  }),
);

Deno.test(
  "uncancel() takes back a cancellation by a time limit beside others that has not arisen yet",
  inVirtualTime(async () => {
    const body = async () => {
      await foreign(2);
      assertEquals(currentTask()!.uncancel(), 0);
      return await sleep(1, "goes on");
    };
    assertEquals(
      await outcomes(timeout(1, body), sleep(3, "one"), sleep(4, "two")),
      ["goes on", "one", "two"],
    );
  }),
);

Deno.test(
  "A time limit that has ended strikes nothing that it left behind",
  inVirtualTime(async () => {
    let left: Promise<string> | undefined;
    const leave = async () => {
      await foreign(3);
      return await sleep(1, "left alone");
    };
    const body = async () => {
      left = leave();
      await foreign(2);
      return "too late";
    };
    assertEquals(
      await outcomes(timeout(1, body), sleep(4, "one"), sleep(5, "two")),
      ["TimeoutError", "one", "two"],
    );
    assertEquals(await left, "left alone");
  }),
);

Deno.test(
  "A cancellation that the failures of a group displace outlives a time limit that came later",
  inVirtualTime(async () => {
    let struck: unknown;
    const body = async () => {
      try {
        await timeout(1.5, () => failingGroup(2));
      } finally {
        struck = await outcomes(sleep(9));
      }
    };
    assertEquals(
      await outcomes(timeout(1, body), sleep(4, "beside")),
      ["ExceptionGroup", "beside"],
    );
    assertEquals(struck, ["CancelledError"]);
  }),
);

Deno.test(
  "A cancellation counts after one that the failures of a group displaced",
  inVirtualTime(async () => {
    const future = new Future<void>();
    const task = createTask(async () => {
      await outcomes(timeout(1, () => failingGroup(2)));
      await future;
      return "never";
    });
    await sleep(5);
    future.setResult();
    task.cancel();
    await assertRejects(() => task, CancelledError);
  }),
);
