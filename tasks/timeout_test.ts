// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { FakeHost, newVirtualLoop } from "../tests/doubles/fake_host.ts";
import { VirtualTimeLoop } from "../testing/mod.ts";
import { inImpatientTime as inVirtualTime } from "../tests/doubles/impatient_time.ts";
import {
  CancelledError,
  ExceptionGroup,
  Future,
  getRunningLoop,
  RuntimeError,
  setWarningHandler,
  TimeoutError,
} from "../loop/mod.ts";
import { allTasks, createTask, currentTask } from "./create_task.ts";
import { moveOnAfter } from "./cancel_scope.ts";
import { run } from "./runner.ts";
import { gather } from "./gather.ts";
import { sleep } from "./sleep.ts";
import { taskGroup } from "./task_group.ts";
import {
  Timeout,
  timeout,
  timeoutAt,
  type TimeoutOptions,
  waitFor,
} from "./timeout.ts";

Deno.test(
  "timeout() returns what the body returns in time",
  inVirtualTime(async () => {
    const result = timeout(10, () => sleep(5, "in time"));
    assertType<IsExact<typeof result, Promise<string>>>(true);
    assertEquals(await result, "in time");
    assertEquals(await timeout(10, () => "plain"), "plain");
    await sleep(20);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "timeout() throws a TimeoutError caused by the cancellation when the limit is reached",
  inVirtualTime(async () => {
    const calls: string[] = [];
    let scope: Timeout | null = null;
    const error = await assertRejects(
      () =>
        timeout(2, async (each) => {
          scope = each;
          try {
            await sleep(3600);
          } finally {
            calls.push("cleaned up");
          }
        }),
      TimeoutError,
      "The time limit was reached",
    );
    assertInstanceOf(error.cause, CancelledError);
    assertEquals(calls, ["cleaned up"]);
    assertEquals(getRunningLoop().time(), 2);
    assertEquals(currentTask()!.cancelling(), 0);
    assert(scope!.expired());
    assertEquals(scope!.when(), 2);
    // The task goes on unharmed.
    assertEquals(await sleep(1, "fine"), "fine");
  }),
);

Deno.test(
  "timeout() runs the body in the calling task",
  inVirtualTime(async () => {
    const task = currentTask();
    await timeout(1, async () => {
      assertStrictEquals(currentTask(), task);
      await sleep(0);
      assertEquals(allTasks().size, 1);
    });
  }),
);

Deno.test(
  "timeout() of zero or less ends the body at its first await",
  inVirtualTime(async () => {
    for (const delay of [0, -1]) {
      const calls: string[] = [];
      await assertRejects(
        () =>
          timeout(delay, async () => {
            calls.push("begun");
            await sleep(1);
            calls.push("never");
          }),
        TimeoutError,
      );
      assertEquals(calls, ["begun"]);
      assertEquals(getRunningLoop().time(), 0);
      assertEquals(await timeout(delay, () => "no await"), "no await");
    }
    await sleep(1);
  }),
);

Deno.test(
  "timeout() of null never expires",
  inVirtualTime(async () => {
    await timeout(null, async (scope) => {
      assertEquals(scope.when(), null);
      await sleep(1e6);
      assertFalse(scope.expired());
    });
  }),
);

Deno.test(
  "timeout() takes a duration",
  inVirtualTime(async () => {
    await assertRejects(
      () => timeout({ total: () => 90 }, () => sleep(3600)),
      TimeoutError,
    );
    assertEquals(getRunningLoop().time(), 90);
  }),
);

Deno.test(
  "timeout() rethrows other exceptions, and leaves no timer",
  async () => {
    const host = new FakeHost();
    await run(async () => {
      const error = new Error("boom");
      assertStrictEquals(
        await assertRejects(() =>
          timeout(3600, () => {
            throw error;
          })
        ),
        error,
      );
      await timeout(3600, () => sleep(1));
    }, { loopFactory: () => newVirtualLoop(host) });
    assertEquals(host.now(), 1);
  },
);

Deno.test(
  "timeout() leaves a cancellation from elsewhere a cancellation",
  inVirtualTime(async () => {
    const task = createTask(() => timeout(10, () => sleep(3600)));
    await sleep(1);
    task.cancel("from elsewhere");
    await assertRejects(() => task, CancelledError, "from elsewhere");
    assertEquals(task.cancelling(), 1);
  }),
);

Deno.test(
  "timeout() rethrows an outside cancellation even when the limit expires, too",
  inVirtualTime(async () => {
    for (const order of ["limit first", "cancellation first"]) {
      const loop = getRunningLoop();
      const when = loop.time() + 1;
      const cancel = () => void task.cancel("from elsewhere");
      if (order === "cancellation first") loop.callAt(when, cancel);
      const task = createTask(() => timeoutAt(when, () => sleep(3600)), {
        eagerStart: true,
      });
      if (order === "limit first") loop.callAt(when, cancel);
      await assertRejects(() => task, CancelledError);
      assertEquals(task.cancelling(), 1);
    }
  }),
);

Deno.test(
  "timeout() in a task that was cancelled before still turns its own cancellation into a TimeoutError",
  inVirtualTime(async () => {
    const task = createTask(async () => {
      try {
        await sleep(3600);
      } catch { /* cleans up, with a limit */ }
      await assertRejects(() => timeout(1, () => sleep(3600)), TimeoutError);
      return currentTask()!.cancelling();
    });
    await sleep(1);
    task.cancel();
    assertEquals(await task, 1);
  }),
);

Deno.test(
  "timeout() whose body swallows the cancellation returns what the body returns",
  inVirtualTime(async () => {
    const result = await timeout(1, async (scope) => {
      try {
        await sleep(3600);
      } catch { /* swallowed */ }
      return ["swallowed", scope.expired()];
    });
    assertEquals(result, ["swallowed", true]);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "timeout() leaves an error whose cause cannot be set as it is",
  inVirtualTime(async () => {
    const error: unknown = await timeout(10, async () => {
      try {
        await sleep(20);
      } catch (cause) {
        throw Object.freeze(new RangeError("frozen", { cause }));
      }
    }).catch((error) => error);
    assertInstanceOf(error, RangeError);
    assertInstanceOf(error.cause, CancelledError);
  }),
);

Deno.test(
  "timeout() copes with an error whose causes are circular",
  inVirtualTime(async () => {
    const last = new Error("last");
    const first = new Error("first", { cause: last });
    last.cause = first;
    const error = await timeout(10, async () => {
      try {
        await sleep(20);
      } finally {
        // deno-lint-ignore no-unsafe-finally -- as clean-up that fails
        throw first;
      }
    }).catch((error) => error);
    assertStrictEquals(error, first);
    assertStrictEquals(last.cause, first);
  }),
);

Deno.test(
  "timeout() whose body turns the cancellation into another error sets its cause",
  inVirtualTime(async () => {
    const error = await assertRejects(
      () =>
        timeout(1, async () => {
          try {
            await sleep(3600);
          } catch (cause) {
            throw new RangeError("while cleaning up", { cause });
          }
        }),
      RangeError,
      "while cleaning up",
    );
    assertInstanceOf(error.cause, TimeoutError);
    assertInstanceOf(error.cause.cause, CancelledError);
  }),
);

Deno.test(
  "timeout() nested: the inner limit expires first",
  inVirtualTime(async () => {
    const calls: string[] = [];
    await timeout(10, async (outer) => {
      await assertRejects(() => timeout(1, () => sleep(3600)), TimeoutError);
      calls.push("inner");
      assertFalse(outer.expired());
      await sleep(1);
    });
    assertEquals(calls, ["inner"]);
  }),
);

Deno.test(
  "timeout() nested: the outer limit expires first, and is not mistaken for the inner",
  inVirtualTime(async () => {
    let inner: Timeout | null = null;
    await assertRejects(
      () =>
        timeout(1, async () => {
          try {
            await timeout(10, (scope) => {
              inner = scope;
              return sleep(3600);
            });
          } catch (error) {
            assertInstanceOf(error, CancelledError);
            throw error;
          }
        }),
      TimeoutError,
    );
    assertFalse(inner!.expired());
    assertEquals(getRunningLoop().time(), 1);
  }),
);

Deno.test(
  "timeout() nested: both expire at once, and one TimeoutError leaves",
  inVirtualTime(async () => {
    const inner: unknown[] = [];
    await assertRejects(
      () =>
        timeoutAt(1, () =>
          timeoutAt(1, () => sleep(3600)).catch((error) => {
            inner.push(error);
            throw error;
          })),
      TimeoutError,
    );
    assertEquals(inner.length, 1);
    assertEquals(currentTask()!.cancelling(), 0);
    assertEquals(await sleep(1, "fine"), "fine");
  }),
);

Deno.test(
  "timeout() round a task group cancels its tasks",
  inVirtualTime(async () => {
    const calls: string[] = [];
    await assertRejects(
      () =>
        timeout(1, () =>
          taskGroup((group) => {
            for (const name of ["a", "b"]) {
              group.createTask(() =>
                sleep(3600).catch((error) => {
                  calls.push(name);
                  throw error;
                })
              );
            }
          })),
      TimeoutError,
    );
    assertEquals(calls, ["a", "b"]);
  }),
);

Deno.test(
  "timeout() around a task group throws the group's error when a task fails in clean-up",
  inVirtualTime(async () => {
    const error = await assertRejects(
      () =>
        timeout(1, () =>
          taskGroup((group) => {
            group.createTask(async () => {
              try {
                await sleep(3600);
              } catch (cause) {
                throw new RangeError("while cleaning up", { cause });
              }
            });
          })),
      ExceptionGroup,
    );
    const [inner] = error.exceptions as Error[];
    assertInstanceOf(inner, RangeError);
    assertInstanceOf(inner.cause, TimeoutError);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test("timeout() works outside every task", async () => {
  assertEquals(await timeout(10, () => sleep(0, "in time")), "in time");
  await assertRejects(() => timeout(0.001, () => sleep(3600)), TimeoutError);
});

Deno.test(
  "timeout() and timeoutAt() refuse wrong arguments, and the body does not run",
  inVirtualTime(async () => {
    const calls: string[] = [];
    const body = () => void calls.push("ran");
    await assertRejects(
      () => timeout("1" as unknown as number, body),
      TypeError,
      'The delay of timeout() must be a number of seconds or a Temporal.Duration: received "1"',
    );
    await assertRejects(
      () => timeout(undefined as unknown as number, body),
      TypeError,
      "received undefined",
    );
    await assertRejects(
      () => timeoutAt(NaN, body),
      RangeError,
      "The when of timeoutAt() must be a number: received NaN",
    );
    await assertRejects(
      () => timeout(1, Promise.resolve() as unknown as () => void),
      TypeError,
      "timeout() takes the function itself: timeout(delay, body) or timeout(delay, () => body(…)), not timeout(delay, body())",
    );
    await assertRejects(
      () => timeoutAt(1, Promise.resolve() as unknown as () => void),
      TypeError,
      "timeoutAt() takes the function itself: timeoutAt(when, body) or timeoutAt(when, () => body(…)), not timeoutAt(when, body())",
    );
    await assertRejects(
      () => timeout(1, {} as unknown as () => void),
      TypeError,
      "The body of timeout() must be a function: received an instance of Object",
    );
    await assertRejects(
      () => timeoutAt(1, null as unknown as () => void),
      TypeError,
      "The body of timeoutAt() must be a function: received null",
    );
    assertEquals(calls, []);
  }),
);

Deno.test(
  "timeoutAt() expires at a time of the loop's clock",
  inVirtualTime(async () => {
    await sleep(5);
    await assertRejects(() => timeoutAt(8, () => sleep(3600)), TimeoutError);
    assertEquals(getRunningLoop().time(), 8);
    // A time in the past.
    await assertRejects(() => timeoutAt(1, () => sleep(3600)), TimeoutError);
    assertEquals(getRunningLoop().time(), 8);
    assertEquals(
      await timeoutAt(null, () => sleep(10, "no limit")),
      "no limit",
    );
  }),
);

Deno.test(
  "Timeout.reschedule() moves the limit later, earlier and away",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    await timeout(1, async (scope) => {
      scope.reschedule(5);
      assertEquals(scope.when(), 5);
      await sleep(3);
    });
    assertEquals(loop.time(), 3);

    await assertRejects(
      () =>
        timeout(3600, async (scope) => {
          scope.reschedule(loop.time() + 2);
          await sleep(10);
        }),
      TimeoutError,
    );
    assertEquals(loop.time(), 5);

    await timeout(1, async (scope) => {
      scope.reschedule(null);
      assertEquals(scope.when(), null);
      await sleep(10);
    });
    assertEquals(loop.time(), 15);
  }),
);

Deno.test(
  "Timeout.reschedule() to a time in the past expires at once",
  inVirtualTime(async () => {
    await assertRejects(
      () =>
        timeout(10, async (scope) => {
          scope.reschedule(0);
          await sleep(1);
        }),
      TimeoutError,
    );
    assertEquals(getRunningLoop().time(), 0);
  }),
);

Deno.test(
  "Timeout.reschedule() refuses when the body does not run, or the limit was reached",
  inVirtualTime(async () => {
    const scope = new Timeout(1);
    assertThrows(
      () => scope.reschedule(2),
      RuntimeError,
      "Cannot reschedule the timeout as it is created",
    );
    await assertRejects(
      () =>
        scope.run(async () => {
          assertThrows(
            () => scope.reschedule("3" as unknown as number),
            TypeError,
            'The when of reschedule() must be a number: received "3"',
          );
          assertEquals(scope.when(), 1);
          try {
            await sleep(3600);
          } finally {
            assertThrows(
              () => scope.reschedule(5),
              RuntimeError,
              "Cannot reschedule the timeout as it is expiring",
            );
          }
        }),
      TimeoutError,
    );
    assertThrows(
      () => scope.reschedule(5),
      RuntimeError,
      "Cannot reschedule the timeout as it is expired",
    );
    const finished = new Timeout(null);
    await finished.run(() => {});
    assertThrows(
      () => finished.reschedule(5),
      RuntimeError,
      "Cannot reschedule the timeout as it is finished",
    );
  }),
);

Deno.test(
  "Timeout.run() can be used once",
  inVirtualTime(async () => {
    const scope = new Timeout(10);
    assertFalse(scope.expired());
    assertEquals(
      await scope.run(async (each) => {
        assertStrictEquals(each, scope);
        await assertRejects(
          () => scope.run(() => {}),
          RuntimeError,
          "Cannot run the timeout as it has already been used",
        );
        return "once";
      }),
      "once",
    );
    await assertRejects(
      () => scope.run(() => {}),
      RuntimeError,
      "Cannot run the timeout as it has already been used",
    );
    await assertRejects(
      () => new Timeout(1).run(1 as unknown as () => void),
      TypeError,
      "The body of Timeout.run() must be a function: received 1",
    );
  }),
);

Deno.test("Timeout refuses a time that is none", () => {
  const wrong: [unknown, new () => Error, string][] = [
    [NaN, RangeError, "NaN"],
    ["1", TypeError, '"1"'],
    [undefined, TypeError, "undefined"],
    [{}, TypeError, "an instance of Object"],
  ];
  for (const [when, ErrorClass, received] of wrong) {
    assertThrows(
      () => new Timeout(when as number),
      ErrorClass,
      `The when of Timeout() must be a number: received ${received}`,
    );
  }
});

Deno.test("Timeout.toString() describes its state and deadline", () =>
  run(async () => {
    const limit = new Timeout(12345678.9012);
    assertEquals(String(limit), "<Timeout created>");
    await limit.run(() => {
      assertEquals(String(limit), "<Timeout active when=12345678.901>");
      limit.reschedule(null);
      assertEquals(Deno.inspect([limit]), "[ <Timeout active when=null> ]");
    });
    assertEquals(String(limit), "<Timeout finished>");
    const scopes: Timeout[] = [];
    const late = timeout(0, async (scope) => {
      scopes.push(scope);
      await sleep(3600);
    });
    await assertRejects(() => late, TimeoutError);
    assertEquals(scopes.map(String), ["<Timeout expired>"]);
  }));

Deno.test("timeout() that is reached shows as a request to cancel its task, as in asyncio", () =>
  run(async () => {
    const task = createTask(() =>
      timeout(1, async () => {
        try {
          await sleep(9);
        } finally {
          await sleep(2);
        }
      })
    );
    await sleep(0.5);
    assertEquals(task.cancelling(), 0);
    await sleep(1);
    assertEquals(task.cancelling(), 1);
    await assertRejects(() => task, TimeoutError);
    assertEquals(task.cancelling(), 0);
  }, { loopFactory: () => new VirtualTimeLoop() }));

Deno.test(
  "timeout() throws when a body ends that it could not interrupt",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const begun = loop.time();
    await assertRejects(() => timeout(1, () => foreign(3)), TimeoutError);
    assertEquals(loop.time() - begun, 3);
  }),
);

Deno.test(
  "timeout() leaves the value to a body that caught the cancellation",
  inVirtualTime(async () => {
    const body = () => sleep(9).then(() => "slept", () => "went on");
    assertEquals(await timeout(1, body), "went on");
  }),
);

Deno.test(
  "timeout() with abandon throws at once where the body cannot be interrupted",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const begun = loop.time();
    const ends: string[] = [];
    const body = async () => {
      await foreign(3);
      ends.push(`foreign ${loop.time() - begun}`);
      try {
        await sleep(1);
      } catch (error) {
        ends.push(`${(error as Error).name} ${loop.time() - begun}`);
      }
      throw new Error("dropped");
    };
    await assertRejects(
      () => timeout(1, body, { abandon: true }),
      TimeoutError,
    );
    assertEquals(loop.time() - begun, 1);
    assertEquals(currentTask()!.cancelling(), 0);
    await sleep(5);
    assertEquals(ends, ["foreign 3", "CancelledError 3"]);
  }),
);

Deno.test(
  "timeout() with abandon cancels the abandoned body even after the task has finished",
  inVirtualTime(async () => {
    const ends: string[] = [];
    const task = createTask(() =>
      timeout(1, async () => {
        await foreign(3);
        await sleep(1).catch((error) => ends.push((error as Error).name));
      }, { abandon: true })
    );
    await assertRejects(() => task, TimeoutError);
    await sleep(5);
    assertEquals(ends, ["CancelledError"]);
  }),
);

Deno.test("timeout() with abandon cancels the abandoned body in sleep(0), too", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = Promise.withResolvers<string>();
  const limited = timeout(0, async () => {
    await promise;
    try {
      await sleep(0);
      end.resolve("not cancelled");
    } catch (error) {
      end.resolve((error as Error).name);
    }
  }, { abandon: true });
  await assertRejects(() => limited, TimeoutError);
  resolve();
  assertEquals(await end.promise, "CancelledError");
});

Deno.test(
  "timeout() with abandon waits for a body that can be interrupted",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const begun = loop.time();
    const body = () => sleep(9).finally(() => sleep(1));
    await assertRejects(
      () => timeout(1, body, { abandon: true }),
      TimeoutError,
    );
    assertEquals(loop.time() - begun, 2);
    const obedient = ({ signal }: Timeout) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      ).finally(() => sleep(1));
    await assertRejects(
      () => timeout(1, obedient, { abandon: true }),
      TimeoutError,
    );
    assertEquals(loop.time() - begun, 4);
  }),
);

Deno.test(
  "timeout() with abandon does not end the wait for a body that ends in time",
  inVirtualTime(async () => {
    const options = { abandon: true };
    assertEquals(await timeout(2, () => foreign(1, "value"), options), "value");
    await assertRejects(
      () => timeout(2, () => Promise.reject(new RangeError("own")), options),
      RangeError,
      "own",
    );
  }),
);

Deno.test(
  "Timeout.signal aborts when the limit expires",
  inVirtualTime(async () => {
    const reasons: unknown[] = [];
    await assertRejects(
      () =>
        timeout(
          1,
          ({ signal }) =>
            new Promise((_, reject) =>
              signal.addEventListener("abort", () => {
                reasons.push(signal.reason.name);
                reject(signal.reason);
              })
            ),
        ),
      TimeoutError,
    );
    assertEquals(reasons, ["CancelledError"]);
    assertThrows(() => new Timeout(1).signal, RuntimeError, "has not begun");
  }),
);

/** Awaits something foreign, which takes its time. */
function foreign<T>(seconds: number, value?: T): Promise<T | undefined> {
  const loop = getRunningLoop();
  return new Promise((resolve) => loop.callLater(seconds, resolve, value));
}

Deno.test("timeout() and moveOnAfter() in debug mode warn of a body that they cannot interrupt", async () => {
  const warnings: string[] = [];
  setWarningHandler((message) => warnings.push(message));
  try {
    for (const debug of [true, false]) {
      await run(async () => {
        currentTask()!.setName("main");
        const expired = (
          body: (scope: Timeout) => Promise<unknown>,
          options?: TimeoutOptions,
        ) => assertRejects(() => timeout(0.001, body, options), TimeoutError);
        await expired(() => foreign(0.002));
        await moveOnAfter(0.001, () => foreign(0.002));
        await expired(() => foreign(0.002), { abandon: true });
        await expired(() => sleep(3600));
        await expired(() =>
          // As a process that the signal kills, which takes its time.
          timeout(3600, async ({ signal }) => {
            await foreign(0.02);
            signal.throwIfAborted();
          })
        );
        await expired(({ signal }) =>
          new Promise((_, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason))
          )
        );
      }, { debug });
    }
  } finally {
    setWarningHandler(null);
  }
  const warning =
    "A time limit in <Task 'main' pending> was reached, and what its body awaits cannot be interrupted: " +
    "pass the signal to it";
  assertEquals(warnings, [warning, warning]);
});

Deno.test(
  "waitFor() returns a result in time, of any awaitable",
  inVirtualTime(async () => {
    for (const limit of [10, null]) {
      const result = waitFor(sleep(5, "future"), limit);
      assertType<IsExact<typeof result, Promise<string>>>(true);
      assertEquals(await result, "future");
      assertEquals(
        await waitFor(() => sleep(5, "function"), limit),
        "function",
      );
      assertEquals(await waitFor(() => "plain", limit), "plain");
      assertEquals(
        await waitFor(createTask(() => sleep(5, "task")), limit),
        "task",
      );
      assertEquals(await waitFor(Promise.resolve("promise"), limit), "promise");
    }
  }),
);

Deno.test(
  "waitFor() rethrows exceptions",
  inVirtualTime(async () => {
    const error = new Error("boom");
    for (
      const aw of [
        () => Promise.reject(error),
        Promise.reject(error),
        createTask(() => Promise.reject(error)),
      ]
    ) {
      assertStrictEquals(await assertRejects(() => waitFor(aw, 1)), error);
    }
  }),
);

Deno.test(
  "waitFor() throws a TimeoutError when the limit is reached, and cancels what it awaits",
  inVirtualTime(async () => {
    const task = createTask(() => sleep(3600));
    const error = await assertRejects(() => waitFor(task, 2), TimeoutError);
    assertInstanceOf(error.cause, CancelledError);
    assert(task.cancelled());
    assertEquals(getRunningLoop().time(), 2);
    assertEquals(currentTask()!.cancelling(), 0);

    const future = new Future();
    await assertRejects(() => waitFor(future, 1), TimeoutError);
    assert(future.cancelled());
    await assertRejects(
      () => waitFor(new Promise(() => {}), 1),
      TimeoutError,
    );
    await assertRejects(() => waitFor(() => sleep(3600), 1), TimeoutError);
  }),
);

Deno.test(
  "waitFor() waits until the cancelled awaitable has ended",
  inVirtualTime(async () => {
    const calls: string[] = [];
    const task = createTask(async () => {
      try {
        await sleep(3600);
      } finally {
        await sleep(5);
        calls.push("cleaned up");
      }
    });
    await assertRejects(() => waitFor(task, 1), TimeoutError);
    assertEquals(calls, ["cleaned up"]);
    assertEquals(getRunningLoop().time(), 6);
  }),
);

Deno.test(
  "waitFor() returns the result of an awaitable that swallows its cancellation",
  inVirtualTime(async () => {
    const refusing = async () => {
      try {
        await sleep(3600);
      } catch { /* refuses */ }
      return "late";
    };
    assertEquals(await waitFor(refusing, 1), "late");
    assertEquals(await waitFor(createTask(refusing), 1), "late");
  }),
);

Deno.test(
  "waitFor() rethrows an exception of the clean-up",
  inVirtualTime(async () => {
    const task = createTask(async () => {
      try {
        await sleep(3600);
      } catch {
        throw new RangeError("while cleaning up");
      }
    });
    await assertRejects(
      () => waitFor(task, 1),
      RangeError,
      "while cleaning up",
    );
  }),
);

Deno.test(
  "waitFor() runs a function in the calling task",
  inVirtualTime(async () => {
    const self = currentTask();
    for (const limit of [10, null]) {
      assert(await waitFor(() => currentTask() === self, limit));
    }
  }),
);

Deno.test(
  "waitFor() of zero or less returns only a done result",
  inVirtualTime(async () => {
    for (const limit of [0, -1]) {
      const done = new Future<string>();
      done.setResult("done");
      assertEquals(await waitFor(done, limit), "done");

      const failed = new Future<string>();
      failed.setException(new RangeError("boom"));
      await assertRejects(() => waitFor(failed, limit), RangeError, "boom");

      const pending = new Future<string>();
      await assertRejects(() => waitFor(pending, limit), TimeoutError);
      assert(pending.cancelled());

      const calls: string[] = [];
      await assertRejects(
        () => waitFor(() => calls.push("ran"), limit),
        TimeoutError,
      );
      assertEquals(calls, []);

      const cancelled = new Future<string>();
      cancelled.cancel("before");
      await assertRejects(
        () => waitFor(cancelled, limit),
        CancelledError,
        "before",
      );
    }
    assertEquals(getRunningLoop().time(), 0);
    assertEquals(allTasks().size, 1);
  }),
);

Deno.test(
  "waitFor() of zero waits for what it cancels, and returns its result if there is one",
  inVirtualTime(async () => {
    const refusing = createTask(async () => {
      try {
        await sleep(3600);
      } catch { /* refuses */ }
      return await sleep(1, "refused");
    });
    await sleep(1);
    assertEquals(await waitFor(refusing, 0), "refused");
    assertEquals(getRunningLoop().time(), 2);
  }),
);

Deno.test(
  "waitFor() that is cancelled cancels what it awaits",
  inVirtualTime(async () => {
    for (const limit of [10, null]) {
      const inner = createTask(() => sleep(3600));
      const task = createTask(() => waitFor(inner, limit));
      await sleep(1);
      task.cancel("from elsewhere");
      await assertRejects(() => task, CancelledError, "from elsewhere");
      assert(inner.cancelled());
    }
  }),
);

Deno.test(
  "waitFor() rethrows a cancellation of what it awaits, not a timeout",
  inVirtualTime(async () => {
    const inner = createTask(() => sleep(3600));
    getRunningLoop().callLater(1, () => inner.cancel("only it"));
    await assertRejects(() => waitFor(inner, 10), CancelledError, "only it");
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "waitFor() takes a duration",
  inVirtualTime(async () => {
    await assertRejects(
      () => waitFor(sleep(3600), { total: () => 90 }),
      TimeoutError,
    );
    assertEquals(getRunningLoop().time(), 90);
  }),
);

Deno.test(
  "waitFor() with a signal that aborts is cancelled, with the reason as the cause",
  inVirtualTime(async () => {
    const controller = new AbortController();
    const reason = new Error("why");
    const inner = createTask(() => sleep(3600));
    getRunningLoop().callLater(1, () => controller.abort(reason));
    const { signal } = controller;
    const error = await assertRejects(
      () => waitFor(inner, 10, { signal }),
      CancelledError,
    );
    assertStrictEquals(error.cause, reason);
    assert(inner.cancelled());
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "waitFor() with a signal that is aborted already does not run the function",
  inVirtualTime(async () => {
    const calls: string[] = [];
    const error = await assertRejects(
      () =>
        waitFor(() => calls.push("ran"), 10, {
          signal: AbortSignal.abort("why"),
        }),
      CancelledError,
    );
    assertEquals(error.cause, "why");
    assertEquals(calls, []);
  }),
);

Deno.test(
  "waitFor() with a signal that does not abort returns the result",
  inVirtualTime(async () => {
    const { signal } = new AbortController();
    assertEquals(await waitFor(sleep(1, "in time"), 10, { signal }), "in time");
    await assertRejects(
      () => waitFor(sleep(3600), 10, { signal }),
      TimeoutError,
    );
  }),
);

Deno.test("waitFor() works outside every task", async () => {
  assertEquals(await waitFor(sleep(0.001, "in time"), 10), "in time");
  await assertRejects(() => waitFor(sleep(3600), 0.001), TimeoutError);
  await assertRejects(() => waitFor(new Future(), 0), TimeoutError);
});

Deno.test(
  "waitFor() refuses wrong arguments, and changes nothing",
  inVirtualTime(async () => {
    const future = new Future();
    for (
      const [value, received] of [["1", '"1"'], [undefined, "undefined"]]
    ) {
      await assertRejects(
        () => waitFor(future, value as unknown as number),
        TypeError,
        `The timeout of waitFor() must be a number of seconds or a Temporal.Duration: received ${received}`,
      );
    }
    assertFalse(future.done());
    for (const [value, received] of [[1, "1"], [null, "null"]]) {
      await assertRejects(
        () => waitFor(value as unknown as Future, 1),
        TypeError,
        `The awaitable of waitFor() must be a future, a promise or a function: received ${received}`,
      );
    }
  }),
);

Deno.test("waitFor() of one promise, again and again and in several loops, gives each its outcome", async () => {
  for (const fails of [false, true]) {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const results: unknown[] = [];
    const wait = async (seconds: number) => {
      const task = currentTask();
      try {
        results.push(await waitFor(promise, seconds));
      } catch (error) {
        results.push((error as Error).name);
      }
      assertStrictEquals(currentTask(), task);
    };
    const expired = Promise.withResolvers<void>();
    const main = async () => {
      await wait(0.001);
      if (results.length === 2) expired.resolve();
      await gather([() => wait(60), () => wait(60)]);
      await wait(60);
    };
    const running = [run(main), run(main)];
    await expired.promise;
    assertEquals(results, ["TimeoutError", "TimeoutError"]);
    if (fails) reject(new RangeError());
    else resolve("value");
    await Promise.all(running);
    const outcome = fails ? "RangeError" : "value";
    assertEquals(results.slice(2), Array(6).fill(outcome));
  }
});
