// Copyright 2026 the asyncio for Deno authors. MIT license.

import { AsyncLocalStorage } from "node:async_hooks";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  allTasks,
  createTask,
  currentTask,
  gather,
  run,
  sleep,
  taskGroup,
  timeout,
  wait,
} from "../../tasks/mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";
import {
  CancelledError,
  ExceptionGroup,
  Future,
  getRunningLoop,
  InvalidStateError,
  newEventLoop,
  RuntimeError,
  Task,
  TimeoutError,
  wrapFuture,
} from "../mod.ts";
import { isCoroutineFunction } from "./task.ts";

/** Fails as `fetch()` with a signal does, as soon as the signal aborts. */
function obeying(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason));
  return promise;
}

Deno.test("Task runs a function, which begins soon", () =>
  run(async () => {
    const calls: string[] = [];
    const task = new Task(async () => {
      calls.push("begun");
      await sleep(0);
      return 42;
    });
    assertInstanceOf(task, Future);
    assertType<IsExact<typeof task, Task<number>>>(true);
    assertEquals(calls, []);
    assertFalse(task.done());
    assertEquals(await task, 42);
    assertEquals(calls, ["begun"]);
    assertEquals(task.result(), 42);
  }));

Deno.test("Task takes a function that returns a value, a promise or a thenable", () =>
  run(async () => {
    const future = new Future<string>();
    future.setResult("future");
    const thenable = {
      then: (resolve: (value: string) => void) => resolve("thenable"),
    } as PromiseLike<string>;
    assertEquals(await new Task(() => "plain"), "plain");
    assertEquals(await new Task(() => Promise.resolve("promise")), "promise");
    assertEquals(await new Task(() => future), "future");
    assertEquals(await new Task(() => sleep(0, "operation")), "operation");
    assertEquals(await new Task(() => thenable), "thenable");
    assertEquals(await new Task(() => {}), undefined);
  }));

Deno.test("Task refuses values other than functions, and says what to write instead", () =>
  run(() => {
    const wrong: [unknown, string][] = [
      [
        Promise.resolve(),
        "Task() takes the function itself: Task(coro) or Task(() => coro(…)), not Task(coro())",
      ],
      [1, "The coro of Task() must be a function: received 1"],
      [null, "The coro of Task() must be a function: received null"],
      [undefined, "The coro of Task() must be a function: received undefined"],
    ];
    for (const [value, message] of wrong) {
      assertThrows(
        () => new Task(value as () => void),
        TypeError,
        message,
      );
    }
    assertEquals(allTasks().size, 1);
  }));

Deno.test("Task fails where its function is a generator, whose body would never run", () =>
  run(async () => {
    let ran = false;
    function* work() {
      ran = true;
      yield 1;
    }
    async function* workAsync() {
      ran = true;
      yield await 1;
    }
    const message = "Cannot run a generator as a task: write `async function`";
    for (const coro of [work, workAsync, () => work()]) {
      await assertRejects(() => new Task<unknown>(coro), TypeError, message);
      await assertRejects(
        () => new Task<unknown>(coro, { eagerStart: true }),
        TypeError,
        message,
      );
    }
    assertFalse(ran);
    // As a result it is one like any other.
    const result = await new Task(() => Promise.resolve(work()));
    assertEquals([...result], [1]);
  }));

Deno.test("Task fails with what its function throws, before or after an await", () =>
  run(async () => {
    const error = new Error("boom");
    const early = new Task(() => {
      throw error;
    });
    const late = new Task(async () => {
      await sleep(0);
      throw error;
    });
    for (const task of [early, late]) {
      assertStrictEquals(await assertRejects(() => task), error);
      assertStrictEquals(task.exception(), error);
      assertFalse(task.cancelled());
    }
  }));

Deno.test("Task whose function throws a CancelledError of its own is cancelled", () =>
  run(async () => {
    const error = new CancelledError("mine");
    const task = new Task(async () => {
      await sleep(0);
      throw error;
    });
    assertStrictEquals(await assertRejects(() => task), error);
    assert(task.cancelled());
    assertEquals(task.cancelling(), 0);
  }));

Deno.test("Task.setResult() and setException() are not for users", () =>
  run(async () => {
    const task = new Task(() => sleep(0, "its own"));
    assertThrows(
      () => task.setResult("mine" as never),
      RuntimeError,
      "Cannot set the result of a task: its function does",
    );
    assertThrows(
      () => task.setException(new Error()),
      RuntimeError,
      "Cannot set the exception of a task: its function does",
    );
    assertEquals(await task, "its own");
  }));

Deno.test("Task.getName() gives the name, or a number of its own", () =>
  run(async () => {
    const named = new Task(() => {}, { name: "worker" });
    const [a, b] = [new Task(() => {}), new Task(() => {})];
    assertEquals(named.getName(), "worker");
    assertEquals(new RegExp(/^Task-\d+$/).test(a.getName()), true);
    assertEquals(
      Number(b.getName().slice(5)),
      Number(a.getName().slice(5)) + 1,
    );
    b.setName("renamed");
    assertEquals(b.getName(), "renamed");
    b.setName("");
    assertEquals(b.getName(), "");
    await gather([named, a, b]);
    assertEquals(named.getName(), "worker");
  }));

Deno.test("Task.getCoro() gives the function", () =>
  run(async () => {
    const coro = () => 1;
    const task = new Task(coro);
    assertStrictEquals(task.getCoro(), coro);
    await task;
    assertStrictEquals(task.getCoro(), coro);
  }));

Deno.test("Task runs in the async context of its creation", () =>
  run(async () => {
    const storage = new AsyncLocalStorage<string>();
    const look = async () => {
      const before = storage.getStore();
      await sleep(0);
      return [before, storage.getStore()];
    };
    const task = storage.run("mine", () => new Task(look));
    const eager = storage.run(
      "mine",
      () => new Task(look, { eagerStart: true }),
    );
    assertEquals(await task, ["mine", "mine"]);
    assertEquals(await eager, ["mine", "mine"]);
    assertEquals(storage.getStore(), undefined);
  }));

Deno.test("Task.cancel() before the first step never runs the body", () =>
  run(async () => {
    const calls: string[] = [];
    const task = new Task(() => void calls.push("body"));
    assert(task.cancel("early"));
    assertFalse(task.done());
    await assertRejects(() => task, CancelledError, "early");
    assert(task.cancelled());
    assertEquals(calls, []);
  }));

Deno.test("Task.cancel() throws a CancelledError at the await, and finally blocks run", () =>
  run(async () => {
    const calls: string[] = [];
    const future = new Future();
    const task = new Task(async () => {
      try {
        await future;
      } catch (error) {
        assertInstanceOf(error, CancelledError);
        calls.push(error.message);
        throw error;
      } finally {
        await sleep(0);
        calls.push("cleaned up");
      }
    });
    await sleep(0);
    assert(task.cancel("enough"));
    assert(future.cancelled());
    assertFalse(task.cancelled());
    await assertRejects(() => task, CancelledError, "enough");
    assert(task.cancelled());
    assertEquals(calls, ["enough", "cleaned up"]);
  }));

Deno.test("Task.cancel() of a task that is done does nothing", () =>
  run(async () => {
    const task = new Task(() => 1);
    await task;
    assertFalse(task.cancel());
    assertFalse(task.cancelled());
    assertEquals(task.cancelling(), 0);
    assertEquals(task.result(), 1);
  }));

Deno.test("Task.cancel() between wake-up and resumption wins over the result", () =>
  run(async () => {
    const future = new Future<string>();
    const task = new Task(() => future);
    await sleep(0);
    future.setResult("too late");
    assert(task.cancel("in between"));
    await assertRejects(() => task, CancelledError, "in between");
    assert(task.cancelled());
  }));

Deno.test("Task.cancel() after a wake-up wins over an exception, which is not reported", async () => {
  const loop = newEventLoop();
  const reports: unknown[] = [];
  loop.setExceptionHandler((_, context) => void reports.push(context));
  await run(async () => {
    const future = new Future<string>();
    future.addDoneCallback(() => {});
    const task = new Task(() => future);
    await sleep(0);
    future.setException(new Error("boom"));
    task.cancel();
    await assertRejects(() => task, CancelledError);
  }, { loopFactory: () => loop });
  assertEquals(reports, []);
});

Deno.test("Task.cancel() of the task itself strikes at its next await, even if ready", () =>
  run(async () => {
    const calls: string[] = [];
    const task = new Task(async () => {
      currentTask()!.cancel("myself");
      calls.push("goes on");
      await sleep(0);
      calls.push("never");
    });
    await assertRejects(() => task, CancelledError, "myself");
    assertEquals(calls, ["goes on"]);
  }));

Deno.test("Task.cancel() of the task itself strikes while a branch waits", () =>
  run(async () => {
    const calls: string[] = [];
    const task = new Task(async () => {
      const branch = (async () => await sleep(3600))();
      await sleep(0.001);
      currentTask()!.cancel("myself");
      try {
        await sleep(0);
        calls.push("never");
      } finally {
        await branch.catch(() => calls.push("branch"));
      }
    });
    await assertRejects(() => task, CancelledError, "myself");
    assertEquals(calls, ["branch"]);
  }));

Deno.test("Task.cancel() of the task itself does not take effect at a future that is done", () =>
  run(async () => {
    const done = new Future<void>();
    done.setResult();
    const task = new Task(async () => {
      currentTask()!.cancel();
      await done;
      return "passed";
    });
    // It is thrown at the end, as in asyncio: the request had not been delivered.
    await assertRejects(() => task, CancelledError);
  }));

Deno.test("Task.cancel() can be caught: the task then ends as it likes", () =>
  run(async () => {
    const task = new Task(async () => {
      try {
        await sleep(3600);
      } catch { /* swallowed */ }
      return await sleep(0, "alive");
    });
    await sleep(0);
    task.cancel();
    assertEquals(await task, "alive");
    assertFalse(task.cancelled());
    assertEquals(task.cancelling(), 1);
  }));

Deno.test("Task.cancel() can be repeated, each time at the await where the task is", () =>
  run(async () => {
    const messages: string[] = [];
    const task = new Task(async () => {
      for (let i = 0; i < 3; i++) {
        try {
          await sleep(3600);
        } catch (error) {
          messages.push((error as Error).message);
        }
      }
      return "survived";
    });
    await sleep(0);
    for (const message of ["one", "two", "three"]) {
      task.cancel(message);
      await sleep(0);
      await sleep(0);
    }
    assertEquals(await task, "survived");
    assertEquals(messages, ["one", "two", "three"]);
    assertEquals(task.cancelling(), 3);
  }));

Deno.test("Task.cancel() reaches through tasks that await each other", () =>
  run(async () => {
    const inner = new Task(() => sleep(3600));
    const middle = new Task(() => inner);
    const outer = new Task(() => middle);
    await sleep(0);
    await sleep(0);
    outer.cancel("all of you");
    await assertRejects(() => outer, CancelledError, "all of you");
    assert(inner.cancelled() && middle.cancelled() && outer.cancelled());
  }));

Deno.test("Task.cancel() cancels everything that the task awaits at once", () =>
  run(async () => {
    const futures = [new Future(), new Future(), new Future()];
    const task = new Task(() => Promise.all(futures));
    await sleep(0);
    task.cancel("all");
    await assertRejects(() => task, CancelledError, "all");
    assertEquals(futures.map((each) => each.cancelled()), [true, true, true]);
  }));

Deno.test("Task.cancel() reaches a branch that was begun earlier and is awaited later", () =>
  run(async () => {
    const calls: string[] = [];
    const task = new Task(async () => {
      const branch = (async () => {
        try {
          await sleep(3600);
        } catch (error) {
          calls.push("branch");
          throw error;
        }
      })();
      await sleep(0.001);
      await branch;
    });
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    await sleep(0);
    assertEquals(calls, ["branch"]);
  }));

Deno.test("Task.cancel() during a foreign await takes effect at the next library await", () =>
  run(async () => {
    const foreign = Promise.withResolvers<string>();
    const calls: string[] = [];
    const task = new Task(async () => {
      calls.push(await foreign.promise);
      await sleep(3600);
      calls.push("never");
    });
    await sleep(0);
    task.cancel("patience");
    await sleep(0);
    assertFalse(task.done());
    foreign.resolve("foreign");
    await assertRejects(() => task, CancelledError, "patience");
    assertEquals(calls, ["foreign"]);
  }));

Deno.test("Task.cancel() during a foreign await takes effect at the latest at the end", () =>
  run(async () => {
    const foreign = Promise.withResolvers<string>();
    const task = new Task(() => foreign.promise);
    await sleep(0);
    task.cancel("late");
    foreign.resolve("result");
    await assertRejects(() => task, CancelledError, "late");
  }));

Deno.test("Task.cancelling() and uncancel() count the requests", () =>
  run(async () => {
    const counts: number[] = [];
    const task = new Task(async () => {
      try {
        await sleep(3600);
      } catch { /* goes on */ }
      const self = currentTask()!;
      counts.push(self.cancelling());
      counts.push(self.uncancel(), self.uncancel(), self.uncancel());
      counts.push(self.cancelling());
      await sleep(0);
    });
    await sleep(0);
    task.cancel();
    task.cancel();
    assertEquals(task.cancelling(), 2);
    await task;
    assertEquals(counts, [2, 1, 0, 0, 0]);
  }));

Deno.test("Task.uncancel() to zero takes a request back that was not delivered yet", () =>
  run(async () => {
    const task = new Task(async () => {
      const self = currentTask()!;
      self.cancel();
      self.cancel();
      self.uncancel();
      self.uncancel();
      return await sleep(0, "went on");
    });
    assertEquals(await task, "went on");
  }));

Deno.test("Task.uncancel() in an expired limit leaves a later request that was not delivered yet", () =>
  inVirtualTime(async () => {
    const limited = timeout(5, async () => {
      await assertRejects(() => sleep(100), CancelledError);
      const self = currentTask()!;
      self.cancel();
      assertEquals(self.uncancel(), 1);
      await sleep(100);
    });
    const start = getRunningLoop().time();
    await assertRejects(() => limited, TimeoutError);
    assertEquals(getRunningLoop().time() - start, 5);
    assertEquals(currentTask()!.cancelling(), 0);
  })());

Deno.test("Task.uncancel() above zero leaves the request that was not delivered yet", () =>
  run(async () => {
    const task = new Task(async () => {
      const self = currentTask()!;
      self.cancel();
      self.cancel();
      self.uncancel();
      await sleep(0);
    });
    await assertRejects(() => task, CancelledError);
  }));

Deno.test("Task that awaits itself gets a RuntimeError", () =>
  run(async () => {
    const task: Task<unknown> = new Task(async () => await task);
    await assertRejects(() => task, RuntimeError, "A task cannot await itself");
  }));

/** Ways in which a task awaits another. */
const WAYS_TO_AWAIT: Record<string, (other: Task<unknown>) => unknown> = {
  "an await": (other) => other,
  "then()": (other) => other.then(() => {}),
  "gather()": (other) => gather([other]),
  "taskGroup()": (other) => taskGroup((group) => group.createTask(() => other)),
  "timeout()": (other) => timeout(60, () => other),
};

for (const [way, awaitBy] of Object.entries(WAYS_TO_AWAIT)) {
  for (const length of [1, 2, 50]) {
    Deno.test(`Task in a circle of ${length} by ${way} gets a RuntimeError, in any order of awaits`, () =>
      run(async () => {
        for (const isForward of [true, false]) {
          const tasks: Task<unknown>[] = [];
          const link = (i: number) =>
            new Task(async () => {
              await sleep(0);
              await awaitBy(tasks[(i + 1) % length]!);
            });
          for (let i = 0; i < length; i++) {
            const at = isForward ? i : length - 1 - i;
            tasks[at] = link(at);
          }
          await wait(tasks);
          for (const task of tasks) {
            assert(
              String(causeOf(task.exception())).startsWith(
                "RuntimeError: A task cannot await",
              ),
            );
          }
        }
      }));
  }
}

for (const [way, awaitBy] of Object.entries(WAYS_TO_AWAIT)) {
  Deno.test(`Task.cancel() reaches the end of a chain by ${way} that is longer than the stack`, () =>
    run(async () => {
      const first = new Task(() => sleep(60));
      let last: Task<unknown> = first;
      for (let i = 0; i < 20_000; i++) {
        const previous = last;
        last = new Task(async () => await awaitBy(previous));
      }
      await sleep(0.001);
      last.cancel("stop");
      await wait([last]);
      assert(last.cancelled());
      await assertRejects(() => first, CancelledError, "stop");
    }));
}

Deno.test("Future.cancel() of gather() in gather() in … does not recurse", () =>
  run(async () => {
    const future = new Future<unknown>();
    let last = future;
    for (let i = 0; i < 20_000; i++) last = gather([last]);
    last.cancel("stop");
    assert(future.cancelled());
    await assertRejects(() => last, CancelledError, "stop");
  }));

Deno.test("Task.cancel() calls the cancel() of a subclass that the task awaits", () =>
  run(async () => {
    const messages: (string | undefined)[] = [];
    class Stubborn extends Task<void> {
      override cancel(msg?: string): boolean {
        messages.push(msg);
        return super.cancel(msg);
      }
    }
    const inner = new Stubborn(() => sleep(60));
    const outer = new Task(async () => await inner);
    await sleep(0);
    outer.cancel("stop");
    await assertRejects(() => outer, CancelledError, "stop");
    assertEquals(messages, ["stop"]);
  }));

Deno.test("Task.cancel() can be called again after the cancel() of something awaited threw", () =>
  run(async () => {
    class Broken extends Future<void> {
      isBroken = true;
      override cancel(msg?: string): boolean {
        if (this.isBroken) throw new RangeError("broken");
        return super.cancel(msg);
      }
    }
    const future = new Broken();
    const inner = new Task(() => future);
    const outer = new Task(async () => await gather([inner]));
    await sleep(0);
    const reports: unknown[] = [];
    getRunningLoop().setExceptionHandler((_, { exception }) =>
      reports.push(exception)
    );
    assert(outer.cancel());
    assertEquals(reports.map(String), ["RangeError: broken"]);
    future.isBroken = false;
    assert(outer.cancel("stop"));
    await assertRejects(() => outer, CancelledError, "stop");
    assert(future.cancelled());
  }));

/** Returns the errors at the bottom of nested groups. */
function causeOf(error: Error | null): Error | null {
  return error instanceof ExceptionGroup
    ? causeOf(error.exceptions[0] as Error)
    : error;
}

Deno.test("Task in a circle gets its RuntimeError one turn of the queue later", () =>
  run(async () => {
    const events: string[] = [];
    const a: Task<unknown> = new Task(async () => await b);
    const b: Task<unknown> = new Task(async () => {
      getRunningLoop().callSoon(() => events.push("callback"));
      await assertRejects(() => a, RuntimeError, "A task cannot await what");
      events.push("fails");
    });
    await b;
    assertEquals(events, ["callback", "fails"]);
  }));

Deno.test("Task that awaits a task that awaits it gets a RuntimeError", () =>
  run(async () => {
    const a: Task<unknown> = new Task(async () => await b);
    const b: Task<unknown> = new Task(async () => await c);
    const c: Task<unknown> = new Task(async () => await a);
    for (const task of [a, b, c]) {
      await assertRejects(
        () => task,
        RuntimeError,
        "A task cannot await",
      );
    }
  }));

Deno.test("Task with eagerStart runs up to its first await at once", () =>
  run(async () => {
    const calls: unknown[] = [];
    const caller = currentTask();
    const task = createTask(async () => {
      calls.push("begun", currentTask()?.getName());
      await sleep(0);
      calls.push("ended");
      return "result";
    }, { eagerStart: true, name: "eager" });
    assertEquals(calls, ["begun", "eager"]);
    assertStrictEquals(currentTask(), caller);
    assertFalse(task.done());
    assertEquals(await task, "result");
    assertEquals(calls, ["begun", "eager", "ended"]);
  }));

Deno.test("Task with eagerStart is done at once if its function returns a plain value", () =>
  run(() => {
    const task = createTask(() => 1, { eagerStart: true });
    assert(task.done());
    assertEquals(task.result(), 1);
    const error = new Error("boom");
    const failed = createTask(() => {
      throw error;
    }, { eagerStart: true });
    assertStrictEquals(failed.exception(), error);
    const cancelled = createTask(() => {
      throw new CancelledError();
    }, { eagerStart: true });
    assert(cancelled.cancelled());
    assertEquals(allTasks().size, 1);
  }));

Deno.test("Task with eagerStart can be cancelled at its first await", () =>
  run(async () => {
    const task = createTask(() => sleep(3600), { eagerStart: true });
    task.cancel("enough");
    await assertRejects(() => task, CancelledError, "enough");
  }));

Deno.test("Task.signal does not abort while the task is not cancelled", () =>
  run(async () => {
    const task = new Task(() => currentTask()!.signal);
    const signal = await task;
    assertStrictEquals(task.signal, signal);
    assertFalse(signal.aborted);
    task.cancel();
    assertFalse(signal.aborted);
  }));

Deno.test("Task.signal makes a foreign promise a point of cancellation", () =>
  run(async () => {
    const seen: unknown[] = [];
    const task = new Task(async () => {
      const { signal } = currentTask()!;
      try {
        await obeying(signal);
      } catch (error) {
        seen.push(error === signal.reason, error instanceof CancelledError);
        throw error;
      } finally {
        // No second CancelledError in the clean-up.
        seen.push(await sleep(0.001, "cleaned up"));
      }
    });
    await sleep(0);
    task.cancel("enough");
    await assertRejects(() => task, CancelledError, "enough");
    assertEquals(seen, [true, true, "cleaned up"]);
  }));

Deno.test("Task.signal aborts also when the task awaits something of ours", () =>
  run(async () => {
    const task = new Task(() => sleep(3600));
    const { signal } = task;
    assertStrictEquals(task.signal, signal);
    await sleep(0);
    task.cancel("enough");
    assert(signal.aborted);
    assertInstanceOf(signal.reason, CancelledError);
    assertEquals(signal.reason.message, "enough");
    await assertRejects(() => task, CancelledError, "enough");
  }));

Deno.test("Task.signal aborts before the first step", () =>
  run(async () => {
    const task = new Task(() => {});
    const { signal } = task;
    task.cancel("early");
    assert(signal.aborted);
    await assertRejects(() => task, CancelledError, "early");
  }));

Deno.test("Task.signal that is read first after the cancellation is aborted", () =>
  run(async () => {
    const seen: boolean[] = [];
    const task = new Task(async () => {
      try {
        await sleep(3600);
      } finally {
        seen.push(currentTask()!.signal.aborted);
      }
    });
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(seen, [true]);
    const { signal } = task;
    assert(signal.aborted);
    assertInstanceOf(signal.reason, CancelledError);
  }));

Deno.test("Task.signal is fresh once uncancel() has brought the count to zero", () =>
  run(async () => {
    const task = new Task(async () => {
      const self = currentTask()!;
      const first = self.signal;
      try {
        await sleep(3600);
      } catch { /* goes on */ }
      assert(first.aborted);
      assertStrictEquals(self.signal, first);
      assertEquals(self.uncancel(), 1);
      assertStrictEquals(self.signal, first);
      assertEquals(self.uncancel(), 0);
      const second = self.signal;
      assertNotStrictEquals(second, first);
      assertFalse(second.aborted);
      assertStrictEquals(self.signal, second);
      await sleep(0);
      return second;
    });
    await sleep(0);
    task.cancel();
    task.cancel();
    assertFalse((await task).aborted);
  }));

Deno.test("Task with a signal that aborts is cancelled, with the reason as the cause", () =>
  run(async () => {
    const controller = new AbortController();
    const task = new Task(() => sleep(3600), { signal: controller.signal });
    await sleep(0);
    const reason = new Error("why");
    controller.abort(reason);
    const error = await assertRejects(() => task, CancelledError);
    assertStrictEquals(error.cause, reason);
    assertEquals(task.cancelling(), 1);
  }));

Deno.test("Task with a signal that is aborted already never runs its body", () =>
  run(async () => {
    for (const eagerStart of [false, true]) {
      const calls: string[] = [];
      const reason = new Error("why");
      const task = new Task(() => void calls.push("body"), {
        signal: AbortSignal.abort(reason),
        eagerStart,
      });
      const error = await assertRejects(() => task, CancelledError);
      assertStrictEquals(error.cause, reason);
      assert(task.cancelled());
      assertEquals(calls, []);
    }
  }));

Deno.test("Task with a signal that aborts before the first step never runs its body", () =>
  run(async () => {
    const calls: string[] = [];
    const controller = new AbortController();
    const task = new Task(() => void calls.push("body"), {
      signal: controller.signal,
    });
    controller.abort("why");
    const error = await assertRejects(() => task, CancelledError);
    assertEquals(error.cause, "why");
    assertEquals(calls, []);
  }));

Deno.test("Task lets go of a signal when it is done", () =>
  run(async () => {
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (type: string, ...rest: [never]) => {
      listeners.add(rest[0]);
      add(type, ...rest);
    };
    signal.removeEventListener = (type: string, ...rest: [never]) => {
      listeners.delete(rest[0]);
      remove(type, ...rest);
    };
    const tasks = [
      new Task(() => 1, { signal }),
      new Task(() => Promise.reject(new Error()), { signal }),
      new Task(() => sleep(3600), { signal }),
    ];
    assertEquals(listeners.size, 3);
    await sleep(0);
    tasks[2]!.cancel();
    await gather(tasks, { returnExceptions: true });
    assertEquals(listeners.size, 0);
  }));

Deno.test("Task that is done leaves its leftover code outside every task", () =>
  run(async () => {
    const gate = new Future<void>();
    const seen: unknown[] = [];
    const task = new Task(() => {
      void (async () => {
        await gate;
        seen.push(currentTask());
      })();
      return "done";
    });
    assertEquals(await task, "done");
    gate.setResult();
    await sleep(0);
    assertEquals(seen, [null]);
  }));

Deno.test("Task is what currentTask() gives wherever its code goes on", () =>
  run(async () => {
    const task = new Task(async () => {
      const seen = [currentTask()];
      await sleep(0);
      seen.push(currentTask());
      await Promise.resolve();
      seen.push(currentTask());
      await new Promise<void>((resolve) => setImmediate(resolve));
      seen.push(currentTask());
      await Promise.all([sleep(0), sleep(0)].map(async (each) => {
        await each;
        seen.push(currentTask());
      }));
      return seen;
    });
    // Not `await`: a task inside an array is not unwrapped.
    assertEquals(await task, [task, task, task, task, task, task]);
  }));

Deno.test("Task of a closed loop cannot be made", () => {
  const loop = newEventLoop();
  loop.close();
  assertThrows(
    () => loop.createTask(() => {}),
    RuntimeError,
    "Cannot use the event loop as it is closed",
  );
});

Deno.test("Task.result() and exception() follow its state", () =>
  run(async () => {
    const task = new Task(() => sleep(3600));
    assertThrows(() => task.result(), InvalidStateError);
    assertThrows(() => task.exception(), InvalidStateError);
    await sleep(0);
    task.cancel("why");
    await task.catch(() => {});
    assertThrows(() => task.result(), CancelledError, "why");
    assertThrows(() => task.exception(), CancelledError, "why");
    assertStrictEquals(task.getLoop(), getRunningLoop());
  }));

Deno.test("Task calls its function, not a method of its own", () =>
  run(async () => {
    assertEquals(
      await new Task(function (this: unknown) {
        return this === undefined;
      }),
      true,
    );
  }));

Deno.test("Task can stand at the end of a chain of thousands that await each other", () =>
  run(async () => {
    const gate = new Future<string>();
    let last = new Task(() => gate);
    for (let i = 0; i < 20_000; i++) {
      const previous = last;
      last = new Task(() => previous);
    }
    await sleep(0);
    gate.setResult("first");
    assertEquals(await last, "first");
  }));

Deno.test("Task.cancel() of the task itself is not lost because its signal was read", () =>
  run(async () => {
    const task = new Task(async () => {
      void currentTask()!.signal;
      currentTask()!.cancel("myself");
      await sleep(0.001);
    });
    await assertRejects(() => task, CancelledError, "myself");
  }));

Deno.test("Task.signal that was obeyed and caught lets the task end as it likes", () =>
  run(async () => {
    const task = new Task(() =>
      obeying(currentTask()!.signal).catch(() => "swallowed")
    );
    await sleep(0);
    task.cancel();
    assertEquals(await task as string, "swallowed");
  }));

Deno.test("Task.signal makes fetch() a point of cancellation, once", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  await run(async () => {
    const seen: unknown[] = [];
    const task = new Task(async () => {
      const { signal } = currentTask()!;
      try {
        await fetch(url, { signal });
      } finally {
        seen.push(await sleep(0.001, "cleaned up"));
      }
    });
    const connection = await wrapFuture(listener.accept());
    task.cancel("enough");
    await assertRejects(() => task, CancelledError, "enough");
    assertEquals(seen, ["cleaned up"]);
    connection.close();
  });
  listener.close();
});

Deno.test("Task.signal read after the cancellation has the message of cancel()", () =>
  run(async () => {
    const seen: string[] = [];
    const task = new Task(async () => {
      try {
        await sleep(3600);
      } finally {
        seen.push(currentTask()!.signal.reason.message);
      }
    });
    await sleep(0);
    task.cancel("enough");
    await assertRejects(() => task, CancelledError, "enough");
    assertEquals(seen, ["enough"]);
  }));

Deno.test("Task refuses a signal that is none, and leaves nothing behind", () =>
  run(() => {
    assertThrows(
      () => new Task(() => {}, { signal: {} as AbortSignal }),
      TypeError,
      "The signal of a task must be an AbortSignal: received an instance of Object",
    );
    assertEquals(allTasks().size, 1);
  }));

Deno.test("Task awaits a promise that has a then of its own as await does", async () => {
  const promise = Object.assign(Promise.resolve("result"), {
    then() {
      throw new Error("await does not call it");
    },
  });
  assertEquals(await createTask(() => promise), "result");
});

Deno.test("isCoroutineFunction() knows async functions of every form", () => {
  async function declared() {}
  class Service {
    async method() {}
    static async make() {}
  }
  assert(isCoroutineFunction(declared));
  assert(isCoroutineFunction(async () => {}));
  assert(isCoroutineFunction(new Service().method));
  assert(isCoroutineFunction(Service.make));
  assert(isCoroutineFunction(declared.bind(null)));
});

Deno.test("isCoroutineFunction() refuses everything else", () => {
  assertFalse(isCoroutineFunction(() => Promise.resolve()));
  assertFalse(isCoroutineFunction(function* () {}));
  assertFalse(isCoroutineFunction(async function* () {}));
  assertFalse(isCoroutineFunction(Promise.resolve()));
  assertFalse(isCoroutineFunction({ [Symbol.toStringTag]: "AsyncFunction" }));
  assertFalse(isCoroutineFunction(null));
  assertFalse(isCoroutineFunction(undefined));
});
