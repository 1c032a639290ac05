// Copyright 2026 the asyncio for Deno authors. MIT license.

import { AsyncLocalStorage } from "node:async_hooks";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { recordExceptions } from "../../tests/doubles/exceptions.ts";
import { runProgram } from "../../tests/doubles/program.ts";
import {
  createTask,
  currentTask,
  gather,
  run,
  sleep,
} from "../../tasks/mod.ts";
import {
  CancelledError,
  type EventLoop,
  Future,
  getEventLoop,
  getRunningLoop,
  InvalidStateError,
  isFuture,
  newEventLoop,
  RuntimeError,
  Task,
} from "../mod.ts";

Deno.test("Future is pending when it is made", () => {
  const future = new Future();
  assertFalse(future.done());
  assertFalse(future.cancelled());
  assertThrows(
    () => future.result(),
    InvalidStateError,
    "Cannot read the result as the future is not done",
  );
  assertThrows(
    () => future.exception(),
    InvalidStateError,
    "Cannot read the exception as the future is not done",
  );
});

Deno.test("Future belongs to the loop that runs its maker, or to the one it is given", async () => {
  await run(() => assertStrictEquals(new Future().getLoop(), getRunningLoop()));
  assertStrictEquals(new Future().getLoop(), getEventLoop());
  const loop = newEventLoop();
  assertStrictEquals(new Future({ loop }).getLoop(), loop);
  loop.close();
});

Deno.test("Future refuses a loop that is none", () => {
  for (
    const [loop, received] of [
      [{}, "an instance of Object"],
      [null, "null"],
      ["loop", '"loop"'],
    ]
  ) {
    assertThrows(
      () => new Future({ loop: loop as unknown as EventLoop }),
      TypeError,
      `The loop must be an EventLoop: received ${received}`,
    );
  }
});

Deno.test("Future.setResult() settles the future for good", () => {
  const future = new Future<number>();
  future.setResult(1);
  assert(future.done());
  assertFalse(future.cancelled());
  assertEquals(future.result(), 1);
  assertEquals(future.result(), 1);
  assertEquals(future.exception(), null);
  assertThrows(
    () => future.setResult(2),
    InvalidStateError,
    "Cannot set the result as the future is done already",
  );
  assertThrows(
    () => future.setException(new Error()),
    InvalidStateError,
    "Cannot set the exception as the future is done already",
  );
  assertFalse(future.cancel());
  assertEquals(future.result(), 1);
});

Deno.test("Future.setException() takes an error", () => {
  const future = new Future();
  const error = new RangeError("boom");
  future.setException(error);
  assert(future.done());
  assertFalse(future.cancelled());
  assertStrictEquals(future.exception(), error);
  assertStrictEquals(assertThrows(() => future.result()), error);
  assertFalse(future.cancel());
  assertThrows(() => future.setResult(1), InvalidStateError);
});

Deno.test("Future.setException() takes a class of errors", () => {
  const future = new Future();
  future.setException(RangeError);
  assertInstanceOf(future.exception(), RangeError);
});

Deno.test("Future.setException() takes whatever a catch block was given", async () => {
  for (const value of ["boom", { message: "boom" }, undefined, null, Date]) {
    const future = new Future();
    await Promise.reject(value).catch((error) => future.setException(error));
    assertStrictEquals(await future.catch((error) => error), value);
    const exception = future.exception();
    assertInstanceOf(exception, Error);
    assertStrictEquals(exception.cause, value);
  }
});

Deno.test("Future.setException() leaves the future pending when the class of errors throws", () => {
  class Unmade extends Error {
    constructor() {
      super();
      throw new RangeError("of the constructor");
    }
  }
  const future = new Future<string>();
  assertThrows(() => future.setException(Unmade), RangeError);
  assertFalse(future.done());
  future.setResult("still here");
});

Deno.test("Future.cancel() ends a pending future, once", () => {
  const future = new Future();
  assert(future.cancel("enough"));
  assert(future.done());
  assert(future.cancelled());
  assertThrows(() => future.result(), CancelledError, "enough");
  assertThrows(() => future.exception(), CancelledError, "enough");
  assertFalse(future.cancel("again"));
  assertThrows(() => future.result(), CancelledError, "enough");
  assertThrows(() => future.setResult(1), InvalidStateError);
});

Deno.test("Future.cancel() reaches who awaits it, with the message", () =>
  run(async () => {
    const future = new Future();
    const task = createTask(() => future);
    await sleep(0);
    future.cancel("enough");
    await assertRejects(() => task, CancelledError, "enough");
    assert(task.cancelled());
    assertEquals(task.cancelling(), 0);
  }));

Deno.test("Future.addDoneCallback() calls in order, through the ready queue", () =>
  run(async () => {
    const future = new Future<number>();
    const calls: unknown[] = [];
    future.addDoneCallback((each) => calls.push(["a", each === future]));
    future.addDoneCallback((each) => calls.push(["b", each.result()]));
    await sleep(0);
    assertEquals(calls, []);
    future.setResult(1);
    assertEquals(calls, []);
    await sleep(0);
    assertEquals(calls, [["a", true], ["b", 1]]);
  }));

Deno.test("Future.addDoneCallback() of a future that is done calls back soon", () =>
  run(async () => {
    const future = new Future<void>();
    future.setResult();
    const calls: string[] = [];
    getRunningLoop().callSoon(() => calls.push("before"));
    future.addDoneCallback(() => calls.push("done"));
    assertEquals(calls, []);
    await sleep(0);
    assertEquals(calls, ["before", "done"]);
  }));

Deno.test("Future.addDoneCallback() calls for errors, too, without retrieving them", () =>
  run(async () => {
    const contexts = recordExceptions(getRunningLoop());
    const states: string[] = [];
    const note = (future: Future) => states.push(String(future));
    const failed = new Future();
    failed.addDoneCallback(note);
    const cancelled = new Future();
    cancelled.addDoneCallback(note);
    failed.setException(new Error("boom"));
    cancelled.cancel();
    await sleep(0);
    assertEquals(states, ["<Future failed>", "<Future cancelled>"]);
    assertEquals(contexts, []);
    failed.exception();
  }));

Deno.test("Future.addDoneCallback() keeps the async context, and no current task", () =>
  run(async () => {
    const storage = new AsyncLocalStorage<string>();
    const future = new Future<void>();
    const seen: unknown[] = [];
    storage.run(
      "mine",
      () =>
        future.addDoneCallback(() =>
          seen.push(storage.getStore(), currentTask(), getRunningLoop())
        ),
    );
    future.setResult();
    await sleep(0);
    assertEquals(seen, ["mine", null, getRunningLoop()]);
  }));

Deno.test("Future.addDoneCallback() reports what a callback throws; the others are called", () =>
  run(async () => {
    const contexts = recordExceptions(getRunningLoop());
    const future = new Future<void>();
    const calls: string[] = [];
    const error = new Error("boom");
    future.addDoneCallback(() => {
      throw error;
    });
    future.addDoneCallback(() => calls.push("second"));
    future.setResult();
    await sleep(0);
    assertEquals(calls, ["second"]);
    assertEquals(contexts.map((each) => each.exception), [error]);
  }));

Deno.test("Future.addDoneCallback() refuses values other than functions", () => {
  const future = new Future();
  assertThrows(
    // @ts-expect-error -- no function
    () => future.addDoneCallback("callback"),
    TypeError,
    'The callback of addDoneCallback() must be a function: received "callback"',
  );
});

Deno.test("Future.removeDoneCallback() removes every registration and counts them", () =>
  run(async () => {
    const future = new Future<void>();
    const calls: string[] = [];
    const a = () => calls.push("a");
    const b = () => calls.push("b");
    for (const callback of [a, b, a, b, a]) future.addDoneCallback(callback);
    assertEquals(future.removeDoneCallback(a), 3);
    assertEquals(future.removeDoneCallback(a), 0);
    future.setResult();
    await sleep(0);
    assertEquals(calls, ["b", "b"]);
    assertEquals(future.removeDoneCallback(b), 0);
  }));

Deno.test("Future.removeDoneCallback() leaves who awaits it alone", () =>
  run(async () => {
    const future = new Future<string>();
    const callback = () => {};
    future.addDoneCallback(callback);
    const first = createTask(() => future);
    const second = createTask(() => future);
    await sleep(0);
    future.addDoneCallback(callback);
    assertEquals(future.removeDoneCallback(callback), 2);
    future.setResult("result");
    assertEquals([await first, await second], ["result", "result"]);
  }));

Deno.test("Future awaited gives its result, at once if it is done", () =>
  run(async () => {
    const calls: string[] = [];
    const done = new Future<number>();
    done.setResult(1);
    getRunningLoop().callSoon(() => calls.push("callback"));
    assertEquals(await done, 1);
    assertEquals(calls, []);

    const pending = new Future<number>();
    getRunningLoop().callSoon(() => pending.setResult(2));
    assertEquals(await pending, 2);
    assertEquals(calls, ["callback"]);
  }));

Deno.test("Future awaited throws its exception to each who awaits", () =>
  run(async () => {
    const future = new Future();
    const error = new Error("boom");
    const tasks = [0, 1].map(() => createTask(() => future));
    await sleep(0);
    future.setException(error);
    for (const task of tasks) {
      assertStrictEquals(await assertRejects(() => task), error);
    }
    assertStrictEquals(await assertRejects(() => future), error);
  }));

Deno.test("Future can be awaited outside every task", async () => {
  const future = new Future<string>();
  setImmediate(() => future.setResult("result"));
  assertEquals(await future, "result");
  const loop = newEventLoop();
  const foreign = loop.createFuture<string>();
  const awaited = (async () => await foreign)();
  loop.callSoon(() => foreign.setResult("of a loop"));
  await loop.runUntilComplete(() => sleep(0));
  assertEquals(await awaited, "of a loop");
  loop.close();
});

Deno.test("Future.then() chains as a promise's does", () =>
  run(async () => {
    const future = new Future<number>();
    const chained = future.then((value) => value + 1).then((value) =>
      value * 10
    );
    getRunningLoop().callSoon(() => future.setResult(1));
    assertEquals(await chained, 20);
    assertEquals(await future.then(), 1);
    assertEquals(await future.then(null, null), 1);
  }));

Deno.test("Future.then() gives a promise where it was taken in an earlier step", () =>
  run(async () => {
    const loop = getRunningLoop();
    const values: unknown[] = [];
    const bound = ((value: unknown) => values.push(value)).bind(null);
    const calls:
      ((then: Future<number>["then"], of: Future<number>) => unknown)[] = [
        (then, of) => then.call(of),
        (then, of) => then.call(of, (value) => values.push(value)),
        (then, of) => then.call(of, (value) => values.push(value), (_) => {}),
        (then, of) => then.call(of, bound, bound),
      ];
    for (const isDone of [false, true]) {
      for (const call of calls) {
        const future = new Future<number>();
        const { then } = future;
        await sleep(0);
        if (isDone) future.setResult(1);
        assertInstanceOf(call(then, future), Promise);
        const inCallback = new Future<unknown>();
        loop.callSoon(() => inCallback.setResult({ it: call(then, future) }));
        assertInstanceOf((await inCallback as { it: unknown }).it, Promise);
        if (!isDone) future.setResult(1);
        await sleep(0);
      }
    }
    await sleep(0);
    assertEquals(values, new Array(12).fill(1));
  }));

Deno.test("Future.then() never calls back synchronously", () =>
  run(async () => {
    const calls: string[] = [];
    const future = new Future<void>();
    future.then(() => calls.push("pending"));
    future.setResult();
    future.then(() => calls.push("done"));
    assertEquals(calls, []);
    await sleep(0);
    assertEquals(calls.sort(), ["done", "pending"]);
  }));

Deno.test("Future.then() calls its callbacks in the caller's async context", () =>
  run(async () => {
    const storage = new AsyncLocalStorage<string>();
    const future = new Future<void>();
    const task = currentTask();
    const chained = storage.run(
      "mine",
      () =>
        future.then(() =>
          assertEquals([storage.getStore(), currentTask()], ["mine", task])
        ),
    );
    getRunningLoop().callSoon(() => future.setResult());
    await chained;
  }));

Deno.test("Future.catch() and finally() do as a promise's do", () =>
  run(async () => {
    const error = new Error("boom");
    const failed = new Future<number>();
    const calls: string[] = [];
    const caught = failed.catch((reason) => reason);
    const last = failed.finally(() => calls.push("failed"));
    getRunningLoop().callSoon(() => failed.setException(error));
    assertStrictEquals(await caught, error);
    assertStrictEquals(await assertRejects(() => last), error);

    const done = new Future<number>();
    done.setResult(1);
    assertEquals(await done.catch(() => 2), 1);
    assertEquals(await done.finally(() => calls.push("done")), 1);
    assertEquals(calls, ["failed", "done"]);
  }));

Deno.test("Future works in Promise.all(), Promise.race() and as a returned value", () =>
  run(async () => {
    const loop = getRunningLoop();
    const a = new Future<string>();
    const b = new Future<string>();
    loop.callSoon(() => a.setResult("a"));
    loop.callLater(0.001, () => b.setResult("b"));
    assertEquals(await Promise.race([b, a]), "a");
    assertEquals(await Promise.all([b, a, 1]), ["b", "a", 1]);
    assertEquals(await (() => b)(), "b");
    assertEquals(await Promise.resolve(b), "b");
    // deno-lint-ignore require-await -- what an async function returns
    assertEquals(await (async () => a)(), "a");
  }));

Deno.test("Future whose result is a thenable keeps it in result()", () =>
  run(async () => {
    const future = new Future<Promise<number>>();
    const promise = Promise.resolve(1);
    future.setResult(promise);
    assertStrictEquals(future.result(), promise);
    assertEquals(await future, 1);
  }));

Deno.test("Future of another loop cannot be awaited by a task", async () => {
  const loop = newEventLoop();
  const future = loop.createFuture();
  await run(async () => {
    await assertRejects(
      () => future,
      RuntimeError,
      "Cannot await a future that belongs to another event loop",
    );
    await assertRejects(
      () => future.then(() => {}),
      RuntimeError,
      "Cannot await a future that belongs to another event loop",
    );
    // The task goes on as if nothing had happened.
    assertEquals(await sleep(0, "fine"), "fine");
  });
  assertFalse(future.done());
  loop.close();
});

Deno.test("Future.toString() says how it stands", async () => {
  const states: Future[] = [new Future(), new Future(), new Future()];
  states[0]!.setResult(1);
  states[1]!.cancel();
  states[2]!.setException(new Error());
  states[2]!.exception();
  assertEquals(states.map(String), [
    "<Future finished>",
    "<Future cancelled>",
    "<Future failed>",
  ]);
  assertEquals(`${new Future()}`, "<Future pending>");
  assertEquals(Deno.inspect(new Future()), "<Future pending>");
  assertEquals(
    Object.prototype.toString.call(new Future()),
    "[object Future]",
  );
  const task = createTask(() => {}, { name: "worker" });
  assertEquals(Deno.inspect(task), "<Task 'worker' pending>");
  await task;
  assertEquals(String(task), "<Task 'worker' finished>");
});

Deno.test("Future.exception() wraps what was thrown without being an Error", () =>
  run(async () => {
    const task = createTask(() => {
      throw "text";
    });
    assertEquals(await task.catch((reason) => reason), "text");
    const exception = task.exception();
    assertInstanceOf(exception, Error);
    assertEquals(
      exception.message,
      "A value that is not an Error was thrown: text",
    );
    assertEquals(exception.cause, "text");
    try {
      task.result();
      assert(false);
    } catch (reason) {
      assertEquals(reason, "text");
    }
  }));

/** Returns the reports of a loop at its end, after running `main`. */
async function reportsOf(main: () => unknown): Promise<string[]> {
  const loop = newEventLoop();
  const contexts = recordExceptions(loop);
  await run(async () => void await main(), { loopFactory: () => loop });
  return contexts.map(({ message, exception }) => `${message}: ${exception}`);
}

Deno.test("Future with an unretrieved exception is reported once, when its loop closes", async () => {
  assertEquals(
    await reportsOf(async () => {
      new Future().setException(new Error("of a future"));
      const task: Task<never> = createTask(() => {
        throw new Error("of a task");
      }, { name: "worker" });
      await sleep(0);
      assert(task.done());
    }),
    [
      "Future exception was never retrieved: <Future failed>: Error: of a future",
      "Task exception was never retrieved: <Task 'worker' failed>: Error: of a task",
    ],
  );
});

const RETRIEVALS: Record<string, (future: Future) => unknown> = {
  "await": async (future) => await future,
  "await by a task, begun before": (future) =>
    createTask(() => future).catch(() => {}),
  "result()": (future) => future.result(),
  "exception()": (future) => future.exception(),
  "catch()": (future) => future.catch(() => {}),
  "gather()": (future) => gather([future]),
  "gather() with returnExceptions": (future) =>
    gather([future], { returnExceptions: true }),
};
for (const [name, retrieve] of Object.entries(RETRIEVALS)) {
  Deno.test(`Future whose exception was retrieved by ${name} is not reported`, async () => {
    assertEquals(
      await reportsOf(async () => {
        const later = new Future();
        const begun = name.endsWith("before") ? retrieve(later) : null;
        await sleep(0);
        later.setException(new Error("boom"));
        await sleep(0);
        try {
          await (begun ?? retrieve(later));
        } catch { /* retrieved */ }
      }),
      [],
    );
  });
}

Deno.test("Future whose exception was retrieved late is not reported", async () => {
  assertEquals(
    await reportsOf(async () => {
      const task = createTask(() => {
        throw new Error("boom");
      });
      await sleep(0);
      await sleep(0);
      await task.catch(() => {});
    }),
    [],
  );
});

Deno.test("Future that was cancelled is not reported", async () => {
  assertEquals(
    await reportsOf(async () => {
      new Future().cancel();
      const task = createTask(() => sleep(3600));
      await sleep(0);
      task.cancel();
    }),
    [],
  );
});

Deno.test("Future with an unretrieved exception is reported once when it is collected", async () => {
  const { code, stdout, stderr } = await runProgram(
    `
    import { createTask, Future, getRunningLoop, run, sleep } from "asyncio";
    await run(async () => {
      getRunningLoop().setExceptionHandler((_, { message, exception }) =>
        console.log(message, exception.message)
      );
      (() => {
        createTask(() => { throw new Error("lost"); }, { name: "loser" });
        const found = new Future();
        found.setException(new Error("found"));
        found.exception();
        new Future().cancel();
      })();
      for (let i = 0; i < 20; i++) {
        await sleep(0.001);
        globalThis.gc();
      }
      console.log("closing");
    });
  `,
    { v8Flags: "--expose-gc" },
  );
  assertEquals(stderr, "");
  assertEquals(
    stdout,
    "Task exception was never retrieved: <Task 'loser' failed> lost\nclosing\n",
  );
  assertEquals(code, 0);
});

Deno.test("Future of the default loop with an unretrieved exception is reported at exit", async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { createTask } from "asyncio";
    globalThis.tasks = [
      createTask(() => { throw new Error("lost"); }, { name: "loser" }),
      createTask(() => { throw new Error("found"); }),
    ];
    await tasks[1].catch(() => console.log("caught"));
  `);
  assertEquals([code, stdout], [0, "caught\n"]);
  assertStringIncludes(
    stderr,
    "Task exception was never retrieved: <Task 'loser' failed>",
  );
  assertStringIncludes(stderr, "Error: lost");
  assertFalse(stderr.includes("Error: found"));
});

Deno.test("isFuture() knows futures, tasks and what operations return", () =>
  run(async () => {
    const task = new Task(() => {});
    assert(isFuture(new Future()));
    assert(isFuture(task));
    assert(isFuture(sleep(0)));
    await task;
  }));

Deno.test("isFuture() takes nothing else for a future", () => {
  const others = [
    Promise.resolve(),
    { then() {} },
    () => {},
    Future,
    null,
    undefined,
    0,
    "future",
  ];
  for (const other of others) assertFalse(isFuture(other));
});
