// Copyright 2026 the asyncio for Deno authors. MIT license.

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
import {
  capturingErrors,
  recordExceptions,
} from "../tests/doubles/exceptions.ts";
import { VirtualTimeLoop } from "../testing/mod.ts";
import { runProgram } from "../tests/doubles/program.ts";
import {
  allTasks,
  createTask,
  currentTask,
  run,
  sleep,
  taskGroup,
} from "../tasks/mod.ts";
import {
  CancelledError,
  EventLoop,
  Future,
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  RuntimeError,
  Task,
  type TaskFactory,
} from "./mod.ts";

/** Runs a test with a loop in virtual time that is closed at the end. */
function withLoop(
  test: (loop: EventLoop) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const loop = new VirtualTimeLoop();
    try {
      await test(loop);
    } finally {
      loop.close();
    }
  };
}

Deno.test(
  "EventLoop.runUntilComplete() takes a function, a promise, a thenable or a future",
  withLoop(async (loop) => {
    const future = loop.createFuture<string>();
    loop.callSoon(() => future.setResult("future"));
    const thenable = {
      then: (resolve: (value: string) => void) => resolve("thenable"),
    } as PromiseLike<string>;
    assertEquals(await loop.runUntilComplete(() => "function"), "function");
    assertEquals(await loop.runUntilComplete(() => sleep(5, "slept")), "slept");
    assertEquals(await loop.runUntilComplete(Promise.resolve("p")), "p");
    assertEquals(await loop.runUntilComplete(thenable), "thenable");
    assertEquals(await loop.runUntilComplete(future), "future");
    // Done already.
    assertEquals(await loop.runUntilComplete(future), "future");
  }),
);

Deno.test(
  "EventLoop.runUntilComplete() throws what it waits for throws",
  withLoop(async (loop) => {
    const error = new Error("boom");
    assertStrictEquals(
      await assertRejects(() =>
        loop.runUntilComplete(() => Promise.reject(error))
      ),
      error,
    );
    assertStrictEquals(
      await assertRejects(() => loop.runUntilComplete(Promise.reject(error))),
      error,
    );
    const future = loop.createFuture();
    future.cancel("enough");
    await assertRejects(
      () => loop.runUntilComplete(future),
      CancelledError,
      "enough",
    );
    assertFalse(loop.isRunning());
  }),
);

Deno.test(
  "EventLoop.runUntilComplete() runs the function as a task of the loop",
  withLoop(async (loop) => {
    await loop.runUntilComplete(() => {
      assertStrictEquals(getRunningLoop(), loop);
      assertStrictEquals(currentTask()?.getLoop(), loop);
      assert(loop.isRunning());
    });
    assertFalse(loop.isRunning());
  }),
);

Deno.test(
  "EventLoop.runUntilComplete() leaves other tasks for the next run",
  withLoop(async (loop) => {
    const calls: string[] = [];
    loop.createTask(async () => {
      calls.push("begun");
      await sleep(5);
      calls.push("ended");
    });
    await loop.runUntilComplete(() => sleep(1));
    assertEquals(calls, ["begun"]);
    assertEquals(allTasks(loop).size, 1);
    await loop.runUntilComplete(() => sleep(10));
    assertEquals(calls, ["begun", "ended"]);
  }),
);

Deno.test(
  "EventLoop.runUntilComplete() that is stopped early throws a RuntimeError, and can be taken up again",
  withLoop(async (loop) => {
    const future = loop.createFuture<string>();
    loop.callSoon(() => loop.stop());
    await assertRejects(
      () => loop.runUntilComplete(future),
      RuntimeError,
      "The event loop stopped before the future was done",
    );
    assertFalse(future.done());
    loop.callSoon(() => future.setResult("at last"));
    assertEquals(await loop.runUntilComplete(future), "at last");
  }),
);

Deno.test(
  "EventLoop.runUntilComplete() that was stopped early does not stop the next run",
  withLoop(async (loop) => {
    const future = loop.createFuture<void>();
    loop.callSoon(() => loop.stop());
    await assertRejects(() => loop.runUntilComplete(future), RuntimeError);
    loop.callLater(1, () => future.setResult());
    assertEquals(await loop.runUntilComplete(() => sleep(2, "done")), "done");
  }),
);

Deno.test(
  "EventLoop.runUntilComplete() refuses a future of another loop, before anything runs",
  withLoop(async (loop) => {
    const calls: string[] = [];
    loop.callSoon(() => calls.push("ran"));
    const other = newEventLoop();
    await assertRejects(
      () => loop.runUntilComplete(other.createFuture()),
      RangeError,
      "The future belongs to another event loop than the one that is to run",
    );
    other.close();
    assertEquals(calls, []);
    assertFalse(loop.isRunning());
  }),
);

Deno.test(
  "EventLoop.runUntilComplete() refuses what cannot be awaited",
  withLoop(async (loop) => {
    await assertRejects(
      // @ts-expect-error -- nothing to await
      () => loop.runUntilComplete(1),
      TypeError,
      "The awaitable of runUntilComplete() must be a future, a promise or a function: received 1",
    );
    assertFalse(loop.isRunning());
  }),
);

Deno.test(
  "EventLoop.runUntilComplete() refuses to run a loop that runs",
  withLoop(async (loop) => {
    const calls: string[] = [];
    const first = loop.runUntilComplete(() => sleep(1, "first"));
    await assertRejects(
      () => loop.runUntilComplete(() => calls.push("second")),
      RuntimeError,
      "The event loop is running already",
    );
    await assertRejects(
      () => loop.runForever(),
      RuntimeError,
      "The event loop is running already",
    );
    assertEquals(await first, "first");
    assertEquals(calls, []);
  }),
);

Deno.test("EventLoop.runUntilComplete() refuses to run inside another loop's callbacks", async () => {
  const loop = newEventLoop();
  await run(async () => {
    const message =
      "Cannot run an event loop while another one runs the caller";
    await assertRejects(
      () => loop.runUntilComplete(() => {}),
      RuntimeError,
      message,
    );
    const refused = new Future<unknown>();
    getRunningLoop().callSoon(() =>
      loop.runForever().catch((error) => refused.setResult(error))
    );
    assertInstanceOf(await refused, RuntimeError);
  });
  assertFalse(loop.isRunning());
  loop.close();
});

Deno.test("EventLoop.runUntilComplete() of a closed loop throws a RuntimeError", async () => {
  const loop = newEventLoop();
  loop.close();
  for (
    const start of [
      () => loop.runUntilComplete(() => {}),
      () => loop.runForever(),
    ]
  ) {
    await assertRejects(
      start,
      RuntimeError,
      "Cannot use the event loop as it is closed",
    );
  }
});

Deno.test(
  "EventLoop.runForever() runs until stop(), whose round is finished first",
  withLoop(async (loop) => {
    const calls: string[] = [];
    loop.callSoon(() => {
      calls.push("stop");
      loop.stop();
      loop.callSoon(() => calls.push("next round"));
    });
    loop.callSoon(() => calls.push("same round"));
    assertEquals(await loop.runForever(), undefined);
    assertEquals(calls, ["stop", "same round"]);
    assertFalse(loop.isRunning());

    loop.callSoon(() => loop.stop());
    await loop.runForever();
    assertEquals(calls, ["stop", "same round", "next round"]);
  }),
);

Deno.test(
  "EventLoop.stop() before the start lets one round run",
  withLoop(async (loop) => {
    const calls: string[] = [];
    loop.stop();
    loop.callSoon(() => {
      calls.push("first");
      loop.callSoon(() => calls.push("second"));
    });
    await loop.runForever();
    assertEquals(calls, ["first"]);
  }),
);

Deno.test("EventLoop.stop() ends a loop that waits, called from outside", async () => {
  const loop = newEventLoop();
  loop.callLater(3600, () => {});
  const stopped = loop.runForever();
  await new Promise((resolve) => setTimeout(resolve));
  assert(loop.isRunning());
  loop.stop();
  await stopped;
  assertFalse(loop.isRunning());
  loop.close();
});

Deno.test("EventLoop.stop() by a task takes effect when its step is over", async () => {
  const loop = newEventLoop();
  const calls: string[] = [];
  loop.createTask(async () => {
    loop.stop();
    calls.push("step");
    await sleep(0);
    calls.push("next step");
  });
  await loop.runForever();
  assertEquals(calls, ["step"]);
  await loop.runUntilComplete(() => sleep(0));
  assertEquals(calls, ["step", "next step"]);
  loop.close();
});

Deno.test("EventLoop of the process always runs, and cannot be stopped, closed or run", async () => {
  const loop = getEventLoop();
  assert(loop.isRunning());
  assertFalse(loop.isClosed());
  assertThrows(
    () => loop.stop(),
    RuntimeError,
    "Cannot stop the default event loop: it turns with the process",
  );
  assertThrows(
    () => loop.close(),
    RuntimeError,
    "Cannot close the default event loop: it turns with the process",
  );
  await assertRejects(
    () => loop.runForever(),
    RuntimeError,
    "The event loop is running already",
  );
  assertFalse(loop.isClosed());
  assertEquals(await createTask(() => sleep(0, "turns")), "turns");
});

Deno.test("EventLoop.close() closes for good, once", () => {
  const loop = newEventLoop();
  assertFalse(loop.isClosed());
  loop.close();
  assert(loop.isClosed());
  loop.close();
  assert(loop.isClosed());
  const message = "Cannot use the event loop as it is closed";
  assertThrows(() => loop.callSoon(() => {}), RuntimeError, message);
  assertThrows(() => loop.callLater(1, () => {}), RuntimeError, message);
  assertThrows(() => loop.callAt(1, () => {}), RuntimeError, message);
  assertThrows(() => loop.createTask(() => {}), RuntimeError, message);
});

Deno.test(
  "EventLoop.close() of a loop that runs throws a RuntimeError",
  withLoop(async (loop) => {
    await loop.runUntilComplete(async () => {
      assertThrows(
        () => loop.close(),
        RuntimeError,
        "Cannot close an event loop that runs",
      );
      await sleep(0);
    });
    assertFalse(loop.isClosed());
  }),
);

Deno.test("EventLoop.close() drops callbacks and timers", async () => {
  const loop = newEventLoop();
  const calls: string[] = [];
  loop.callSoon(() => calls.push("soon"));
  loop.callLater(0, () => calls.push("later"));
  loop.close();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(calls, []);
});

Deno.test("EventLoop.close() reports the tasks that are pending", async () => {
  const loop = newEventLoop();
  const contexts = recordExceptions(loop);
  const tasks = [1, 2].map(() => loop.createTask(() => sleep(3600)));
  await loop.runUntilComplete(() => sleep(0));
  loop.close();
  assertEquals(
    contexts.map(({ message, task }) => [message, task === tasks[0]]),
    [
      ["Task was destroyed but it is pending", true],
      ["Task was destroyed but it is pending", false],
    ],
  );
});

Deno.test("EventLoop.close() leaves code of the loop outside every loop", async () => {
  const loop = newEventLoop();
  loop.setExceptionHandler(() => {});
  const gate = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<unknown>();
  loop.createTask(async () => {
    await gate.promise;
    try {
      getRunningLoop();
    } catch (error) {
      seen.resolve(error);
    }
  });
  await loop.runUntilComplete(() => sleep(0));
  loop.close();
  gate.resolve();
  assertInstanceOf(await seen.promise, RuntimeError);
});

Deno.test(
  "EventLoop.time() is the loop's clock",
  withLoop(async (loop) => {
    assertEquals(loop.time(), 0);
    await loop.runUntilComplete(() => sleep(2.5));
    assertEquals(loop.time(), 2.5);
  }),
);

Deno.test("EventLoop.time() never goes back", () => {
  const loop = getEventLoop();
  let last = loop.time();
  for (let i = 0; i < 1000; i++) {
    const now = loop.time();
    assert(now >= last);
    last = now;
  }
});

Deno.test(
  "EventLoop.callSoon() passes the arguments on",
  withLoop(async (loop) => {
    const calls: unknown[] = [];
    loop.callSoon((a: number, b: string) => calls.push([a, b]), 1, "b");
    loop.callLater(1, (a: boolean) => calls.push(a), true);
    loop.callAt(2, (...rest: number[]) => calls.push(rest), 1, 2, 3);
    await loop.runUntilComplete(() => sleep(5));
    assertEquals(calls, [[1, "b"], true, [1, 2, 3]]);
  }),
);

Deno.test(
  "EventLoop.callLater() calls in the order of the deadlines, equal ones in the order of asking",
  withLoop(async (loop) => {
    const calls: unknown[] = [];
    const note = (name: string) => calls.push([name, loop.time()]);
    loop.callLater(3, note, "three");
    loop.callLater(1, note, "one");
    loop.callAt(2, note, "two");
    loop.callLater(2, note, "two again");
    loop.callLater(-1, note, "past");
    loop.callLater(0, note, "now");
    await loop.runUntilComplete(() => sleep(5));
    assertEquals(calls, [
      ["past", 0],
      ["now", 0],
      ["one", 1],
      ["two", 2],
      ["two again", 2],
      ["three", 3],
    ]);
  }),
);

Deno.test(
  "EventLoop.callLater() takes a duration",
  withLoop(async (loop) => {
    const called = loop.createFuture<number>();
    loop.callLater({ total: () => 90 }, () => called.setResult(loop.time()));
    assertEquals(await loop.runUntilComplete(called), 90);
  }),
);

Deno.test("EventLoop.callLater() waits on the real clock too", async () => {
  const loop = getEventLoop();
  const begin = loop.time();
  const called = new Future<number>();
  loop.callLater(0.002, () => called.setResult(loop.time()));
  assert(await called - begin >= 0.002);
});

Deno.test(
  "EventLoop.callSoon(), callLater() and callAt() refuse wrong arguments, and nothing is scheduled",
  withLoop(async (loop) => {
    const no = "callback" as unknown as () => void; // a wrong type on purpose
    assertThrows(
      () => loop.callSoon(no),
      TypeError,
      'The callback of callSoon() must be a function: received "callback"',
    );
    assertThrows(
      () => loop.callAt(0, no),
      TypeError,
      'The callback of callAt() must be a function: received "callback"',
    );
    assertThrows(
      () => loop.callLater(0, no),
      TypeError,
      'The callback of callAt() must be a function: received "callback"',
    );
    for (
      const [value, ErrorClass, received] of [
        [NaN, RangeError, "NaN"],
        ["1", TypeError, '"1"'],
        [undefined, TypeError, "undefined"],
        [null, TypeError, "null"],
      ] as const
    ) {
      assertThrows(
        () => loop.callLater(value as number, () => {}),
        ErrorClass,
        `The delay of callLater() must be a number of seconds or a Temporal.Duration: received ${received}`,
      );
      assertThrows(
        () => loop.callAt(value as number, () => {}),
        ErrorClass,
        `The when of callAt() must be a number: received ${received}`,
      );
    }
    await loop.runUntilComplete(() => sleep(0));
  }),
);

Deno.test("EventLoop.createFuture() makes a future of the loop", () => {
  const loop = newEventLoop();
  const future = loop.createFuture<number>();
  assertInstanceOf(future, Future);
  assertStrictEquals(future.getLoop(), loop);
  loop.close();
});

Deno.test(
  "EventLoop.createTask() makes a task of the loop, which runs once the loop does",
  withLoop(async (loop) => {
    const task = loop.createTask(() => sleep(0, "ran"), { name: "worker" });
    assertInstanceOf(task, Task);
    assertEquals(task.getName(), "worker");
    assertStrictEquals(task.getLoop(), loop);
    assertEquals(await loop.runUntilComplete(task), "ran");
  }),
);

Deno.test(
  "EventLoop.createTask() refuses a promise",
  withLoop((loop) => {
    assertThrows(
      () => loop.createTask(Promise.resolve() as unknown as () => void), // on purpose
      TypeError,
      "takes the function itself",
    );
    assertEquals(allTasks(loop).size, 0);
    return Promise.resolve();
  }),
);

Deno.test("EventLoop.setTaskFactory() says what makes the tasks", async () => {
  class Special<T> extends Task<T> {}
  const made: unknown[] = [];
  const factory: TaskFactory = (loop, coro, options) => {
    made.push([loop === getRunningLoop(), options?.name]);
    return new Special(coro, { ...options, loop });
  };
  await run(async () => {
    const loop = getRunningLoop();
    assertEquals(loop.getTaskFactory(), null);
    loop.setTaskFactory(factory);
    assertStrictEquals(loop.getTaskFactory(), factory);
    const tasks = [
      createTask(() => sleep(0, 1), { name: "a" }),
      loop.createTask(() => 2, { name: "b" }),
      (await taskGroup((group) => [group.createTask(() => 3, { name: "c" })]))[
        0
      ]!,
    ];
    for (const task of tasks) assertInstanceOf(task, Special);
    assertEquals(await tasks[0], 1);
    loop.setTaskFactory(null);
    assertEquals(loop.getTaskFactory(), null);
    assertFalse(createTask(() => {}) instanceof Special);
  });
  assertEquals(made, [[true, "a"], [true, "b"], [true, "c"]]);
});

Deno.test("EventLoop.setTaskFactory() refuses values other than functions", () => {
  const loop = newEventLoop();
  assertThrows(
    // @ts-expect-error -- no function
    () => loop.setTaskFactory("factory"),
    TypeError,
    'The task factory must be a function or null: received "factory"',
  );
  assertEquals(loop.getTaskFactory(), null);
  loop.close();
});

Deno.test("EventLoop.setExceptionHandler() says what handles exceptions", () => {
  const loop = newEventLoop();
  const seen: unknown[] = [];
  const handler = (...args: unknown[]) => void seen.push(args);
  assertEquals(loop.getExceptionHandler(), null);
  loop.setExceptionHandler(handler);
  assertStrictEquals(loop.getExceptionHandler(), handler);
  const context = { message: "what", exception: new Error() };
  loop.callExceptionHandler(context);
  assertEquals(seen, [[loop, context]]);
  loop.setExceptionHandler(null);
  assertEquals(loop.getExceptionHandler(), null);
  assertThrows(
    // @ts-expect-error -- no function
    () => loop.setExceptionHandler({}),
    TypeError,
    "The exception handler must be a function or null: received an instance of Object",
  );
  loop.close();
});

Deno.test("EventLoop.createTask() refuses what a task factory returns unless it is a task", () =>
  run(() => {
    const loop = getRunningLoop();
    loop.setTaskFactory((() => 3) as never);
    assertThrows(
      () => loop.createTask(() => {}),
      TypeError,
      "What the task factory returns must be a task: received 3",
    );
    loop.setTaskFactory(null);
  }));

Deno.test("EventLoop.defaultExceptionHandler() prints the context", async () => {
  const loop = newEventLoop();
  const exception = new Error("boom");
  const future = loop.createFuture();
  const printed = await capturingErrors(() => {
    loop.callExceptionHandler({ message: "It failed", exception, future });
    loop.callExceptionHandler({ message: "" });
  });
  assertEquals(printed.length, 2);
  assertEquals(printed[0]?.[0], "It failed");
  assert(printed[0]?.includes(exception));
  assert(printed[0]?.includes(future));
  assert(printed[0]?.includes("\nfuture:"));
  assertEquals(printed[1], ["Unhandled exception in event loop"]);
  loop.close();
});

Deno.test("EventLoop.callExceptionHandler() survives a handler that fails, and prints both", async () => {
  const loop = newEventLoop();
  const failure = new Error("of the handler");
  const exception = new Error("boom");
  loop.setExceptionHandler(() => {
    throw failure;
  });
  const printed = await capturingErrors(() =>
    loop.callExceptionHandler({ message: "It failed", exception })
  );
  assertEquals(printed.map(([message]) => message), [
    "The exception handler itself failed",
    "It failed",
  ]);
  assert(printed[0]?.includes(failure));
  assert(printed[1]?.includes(exception));
  loop.close();
});

Deno.test("EventLoop.callExceptionHandler() reports a failing handler of a subclass", async () => {
  class Failing extends EventLoop {
    override defaultExceptionHandler(): void {
      throw failure;
    }
  }
  const failure = new Error("of the default handler");
  const loop = new Failing();
  const printed = await capturingErrors(() =>
    loop.callExceptionHandler({ message: "It failed" })
  );
  assertEquals(printed, [[
    "The default exception handler failed",
    "\n",
    failure,
  ]]);
  loop.close();
});

Deno.test("EventLoop.defaultExceptionHandler() prints unprintable values as text", () => {
  const printed: unknown[][] = [];
  const unprintable = new Error("boom");
  const original = console.error;
  console.error = (...args) => {
    if (args.includes(unprintable)) throw new Error("It cannot be printed");
    printed.push(args);
  };
  try {
    const loop = newEventLoop();
    loop.defaultExceptionHandler({
      message: "It failed",
      exception: unprintable,
      protocol: Object.create(null),
    });
    loop.close();
  } finally {
    console.error = original;
  }
  assertEquals(printed, [[
    "It failed",
    "\nprotocol:",
    "an unprintable object",
    "\n",
    unprintable.stack,
  ]]);
});

Deno.test("EventLoop goes on when nothing can be printed at all", async () => {
  const original = console.error;
  console.error = () => {
    throw new Error("The terminal is gone");
  };
  try {
    await run(async () => {
      getRunningLoop().callSoon(() => {
        throw new Error("boom");
      });
      await sleep(0);
      await sleep(0);
    });
  } finally {
    console.error = original;
  }
});

Deno.test("EventLoop continues after an unhandled exception in a callback", async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { getRunningLoop, run, sleep } from "asyncio";
    await run(async () => {
      getRunningLoop().callSoon(() => { throw new Error("boom"); });
      await sleep(0.001);
      console.log("goes on");
    });
  `);
  assertEquals([code, stdout], [0, "goes on\n"]);
  assertStringIncludes(stderr, "An exception was thrown in a callback");
  assertStringIncludes(stderr, "Error: boom");
});

Deno.test("EventLoop.setDebug() turns debug mode on and off", () => {
  const loop = newEventLoop();
  assertFalse(loop.getDebug());
  loop.setDebug(true);
  assert(loop.getDebug());
  loop.setDebug(false);
  assertFalse(loop.getDebug());
  loop.close();
});

Deno.test(
  "EventLoop.shutdownAsyncGens() has nothing to do",
  withLoop(async (loop) => {
    assertEquals(
      await loop.runUntilComplete(() => loop.shutdownAsyncGens()),
      undefined,
    );
  }),
);

Deno.test("EventLoop of a script runs by itself until nothing is pending", async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { createTask, Future, getEventLoop, sleep } from "asyncio";
    const cancelled = getEventLoop().callLater(3600, () => {});
    createTask(async () => {
      await sleep(0.001);
      console.log("task");
      cancelled.cancel();
      getEventLoop().callLater(0.001, () => console.log("callback"));
      await new Future();
      console.log("never");
    });
    console.log("end of script");
  `);
  assertEquals(stderr, "");
  assertEquals([code, stdout], [0, "end of script\ntask\ncallback\n"]);
});

Deno.test("EventLoop.toString() says what it is, and how it stands", async () => {
  const loop = newEventLoop();
  const idle = "<EventLoop running=false closed=false debug=false>";
  assertEquals(String(loop), idle);
  assertEquals(Deno.inspect({ loop }), `{ loop: ${idle} }`);
  loop.setDebug(true);
  assertEquals(
    await loop.runUntilComplete(() => String(loop)),
    "<EventLoop running=true closed=false debug=true>",
  );
  loop.setDebug(false);
  loop.close();
  assertEquals(
    String(loop),
    "<EventLoop running=false closed=true debug=false>",
  );
});
