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
import { inImpatientTime as inVirtualTime } from "../doubles/impatient_time.ts";
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

// Tasks whose functions run concurrently, which Python does not have. The table in table_test.ts has the rules.

/** Returns the outcome of each promise: its value, or the name of its error. */
async function outcomes(
  ...promises: readonly PromiseLike<unknown>[]
): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((each) =>
    each.status === "fulfilled" ? each.value : each.reason.name
  );
}

Deno.test(
  "timeout() cancels its own body and leaves sibling awaits alone",
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
  "timeout() throws a TimeoutError in each of several limits that expire together",
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
  "timeout() cancels everything that its body awaits, nested limits included",
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
  "timeout() that expires during an outer limit's clean-up leaves the outer in charge",
  inVirtualTime(async () => {
    const inner = () =>
      timeout(2, async () => {
        try {
          await sleep(5);
        } finally {
          await sleep(1.5); // in the meantime the inner limit expires
        }
      });
    assertEquals(
      await outcomes(timeout(1, inner), sleep(9, "sibling")),
      ["TimeoutError", "sibling"],
    );
  }),
);

Deno.test(
  "timeout() around a native promise cancels the next library await of its body",
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
      timeout(9, () => sleep(3, "sibling")),
    );
    assertEquals(await results, ["TimeoutError", undefined, "sibling"]);
    assertEquals(steps, ["the promise"]);
  }),
);

Deno.test(
  "timeout() that expires just as the awaited event is set still cancels its body",
  inVirtualTime(async () => {
    const event = new Event();
    const body = async () => {
      await event.wait();
      await sleep(1);
      return "never";
    };
    const limited = timeout(1, body);
    const sibling = timeout(9, async () => {
      await sleep(0);
      return await sleep(3, "sibling");
    });
    const setting = (async () => {
      await sleep(1);
      event.set();
    })();
    assertEquals(await outcomes(limited, sibling, setting), [
      "TimeoutError",
      "sibling",
      undefined,
    ]);
  }),
);

Deno.test(
  "taskGroup() that fails leaves a sibling group alone",
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
      await outcomes(taskGroup(failing), taskGroup(fine), sleep(4, "sibling")),
      ["ExceptionGroup", "fine", "sibling"],
    );
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "TaskGroup.cancel() cancels its body and children, and leaves sibling awaits alone",
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
      await outcomes(taskGroup(body), sleep(3, "sibling")),
      [undefined, "sibling"],
    );
    assertEquals(stopped.toSorted(), ["body", "child"]);
    const own = (group: TaskGroup) => {
      group.cancel();
      return waiting("its own");
    };
    assertEquals(
      await outcomes(sleep(1, "sibling"), taskGroup(own)),
      ["sibling", undefined],
    );
    assertEquals(stopped.at(-1), "its own");
  }),
);

Deno.test(
  "timeout() still cancels its body after an inner group has failed during clean-up",
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
      await outcomes(timeout(1, body), timeout(9, () => sleep(3, "sibling"))),
      ["TimeoutError", "sibling"],
    );
  }),
);

Deno.test(
  "Task.cancel() cancels everything in all limits and groups of the task",
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
  "Task.signal in timeout() aborts when that limit expires, not when a sibling does",
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
        timeout(9, () => sleep(5, "sibling")),
      ),
      ["TimeoutError", "TimeoutError", "sibling"],
    );
    assertNotStrictEquals(signals[0], signals[1]);
    assertFalse(task.signal.aborted);
  }),
);

Deno.test(
  "Task.signal in timeout() or taskGroup() aborts when the task is cancelled",
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
  "waitFor() of several promises ends only those whose limit expires",
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
  "waitFor() of a promise cancels the one await that the promise stands for",
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
    // A promise of several awaits cannot be traced to one of them: only the wait ends.
    const both = Promise.all([work(), work()]);
    await assertRejects(() => waitFor(both, 1), TimeoutError);
    assertEquals(cancelled, 1);
    await both;
    // timeout() does not cancel what a promise stands for.
    const begun = work();
    await assertRejects(() => timeout(1, () => begun), TimeoutError);
    assertEquals(cancelled, 1);
    await begun;
  }),
);

Deno.test(
  "timeout() leaves code that outlives it to the surrounding scope",
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
  "timeout() leaves no request in the task after a thousand limits",
  inVirtualTime(async () => {
    for (let i = 0; i < 1000; i++) {
      await Promise.all([
        timeout(i % 3, () => sleep(1)).catch(() => {}),
        timeout(2, () => sleep(1)),
      ]);
    }
    const task = currentTask()!;
    assertEquals(task.cancelling(), 0);
    // A limit around a single line cancels the task, as in Python.
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

/** Imitates a platform API: resolves after some seconds, and rejects when the signal aborts. */
function obedient<T>(signal: AbortSignal, seconds: number, result: T) {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  signal.addEventListener("abort", () => reject(signal.reason));
  getRunningLoop().callLater(seconds, () => resolve(result));
  return promise;
}

/** Runs a group with a task that fails some seconds after its cancellation. */
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
  "Task.cancel() replaced by a group's failure leaves a sibling's clean-up alone",
  inVirtualTime(async () => {
    let cleanedUp = false;
    const sibling = async () => {
      try {
        await sleep(9);
      } finally {
        await sleep(5);
        cleanedUp = true;
      }
    };
    const task = createTask(() => outcomes(failingGroup(2), sibling()));
    await sleep(1);
    task.cancel();
    assertEquals(await task, ["ExceptionGroup", "CancelledError"]);
    assert(cleanedUp);
  }),
);

Deno.test(
  "timeout() whose error a group's failure replaces cancels all awaits of the clean-up",
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
      await outcomes(timeout(1, () => timeout(20, body)), sleep(6, "sibling")),
      ["ExceptionGroup", "sibling"],
    );
    assertEquals(loop.time() - begun, 6);
  }),
);

Deno.test(
  "timeout() whose error a group's failure replaces withdraws its request at its end",
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
  "timeout() that expires does not abort the signal of the task around it",
  inVirtualTime(async () => {
    const { signal } = currentTask()!;
    assertEquals(
      await outcomes(
        timeout(1, () => sleep(9)),
        obedient(signal, 3, "sibling"),
      ),
      ["TimeoutError", "sibling"],
    );
    assertEquals(
      await outcomes(
        timeout(1, () => obedient(currentTask()!.signal, 9, "never")),
        obedient(signal, 3, "sibling"),
      ),
      ["TimeoutError", "sibling"],
    );
    assertEquals(
      await outcomes(
        timeout(1, () => obedient(currentTask()!.signal, 9, "never")),
        sleep(3, "sibling"),
      ),
      ["TimeoutError", "sibling"],
    );
    assertFalse(signal.aborted);
  }),
);

Deno.test(
  "timeout() around a native promise leaves sibling awaits alone when it expires",
  inVirtualTime(async () => {
    const never = new AbortController().signal;
    assertEquals(
      await outcomes(
        timeout(1, () => obedient(never, 5, "not interrupted")),
        sleep(3, "one"),
        sleep(4, "two"),
      ),
      ["TimeoutError", "one", "two"],
    );
  }),
);

Deno.test(
  "TaskGroup.cancel() in its body leaves awaits that began before it alone",
  inVirtualTime(async () => {
    const sibling = async () => await sleep(3, "sibling");
    const own = async (group: TaskGroup) => {
      group.cancel();
      await sleep(9);
    };
    assertEquals(
      await outcomes(sibling(), taskGroup(own)),
      ["sibling", undefined],
    );
  }),
);

Deno.test(
  "Task.cancel() of the running task cancels all of its next concurrent awaits",
  inVirtualTime(async () => {
    const task = createTask(() => {
      currentTask()!.cancel();
      return outcomes(sleep(3), timeout(9, () => sleep(4)));
    });
    assertEquals(await task, ["CancelledError", "CancelledError"]);
  }),
);

/** Returns a native promise that resolves after some seconds and cannot be interrupted. */
function foreign(seconds: number): Promise<void> {
  return obedient(new AbortController().signal, seconds, undefined);
}

Deno.test(
  "TaskGroup.cancel() in its body cancels the current and the next awaits of the body",
  inVirtualTime(async () => {
    let later: unknown;
    const body = async (group: TaskGroup) => {
      const begun = outcomes(sleep(9));
      await sleep(1);
      group.cancel();
      later = await outcomes(sleep(9));
      await begun;
    };
    await outcomes(taskGroup(body), sleep(3));
    assertEquals(later, ["CancelledError"]);
  }),
);

Deno.test(
  "timeout() that expires during a native promise cancels an await in an inner limit",
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
  "timeout() cancels both a line that obeys its signal and a line that is just waking up",
  inVirtualTime(async () => {
    const future = new Future<string>();
    getRunningLoop().callLater(1, () => future.setResult("came"));
    const body = () => {
      const request = obedient(currentTask()!.signal, 9, "never");
      return outcomes(request, (async () => await future)());
    };
    assertEquals(
      await outcomes(timeout(1, body), sleep(3, "sibling")),
      [["CancelledError", "CancelledError"], "sibling"],
    );
  }),
);

Deno.test(
  "timeout() that expires just as a future in an inner limit is done still counts",
  inVirtualTime(async () => {
    const future = new Future<void>();
    getRunningLoop().callLater(1, () => future.setResult());
    const body = async () => {
      await future;
      return "never";
    };
    assertEquals(
      await outcomes(timeout(1, () => timeout(9, body)), sleep(3, "sibling")),
      ["TimeoutError", "sibling"],
    );
  }),
);

Deno.test(
  "Task.signal that is first read after timeout() has expired is already aborted",
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
  "Task.signal that timeout() aborts leaves the clean-up of its line alone",
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
  "Task.signal is a new signal after uncancel() in the body of an expired limit",
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
  "Task.signal that is read by code that outlived a limit aborts with the task",
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
  "Task.uncancel() withdraws an expiry that has not been delivered yet",
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
  "timeout() that has ended does not cancel code that outlived it",
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
  "timeout() still cancels after an inner limit and a group have replaced its error",
  inVirtualTime(async () => {
    let later: unknown;
    const body = async () => {
      try {
        await timeout(1.5, () => failingGroup(2));
      } finally {
        later = await outcomes(sleep(9));
      }
    };
    assertEquals(
      await outcomes(timeout(1, body), sleep(4, "sibling")),
      ["ExceptionGroup", "sibling"],
    );
    assertEquals(later, ["CancelledError"]);
  }),
);

Deno.test(
  "Task.cancel() counts after an earlier request that a group's failure replaced",
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
