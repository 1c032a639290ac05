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
import { assertType, type IsExact } from "@std/testing/types";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { VirtualTimeLoop } from "../testing/mod.ts";
import {
  CancelledError,
  EventLoop,
  Future,
  getEventLoop,
  getRunningLoop,
  KeyboardInterrupt,
  newEventLoop,
  RuntimeError,
} from "../loop/mod.ts";
import { allTasks, createTask, currentTask } from "./create_task.ts";
import { run, Runner } from "./runner.ts";
import { sleep } from "./sleep.ts";
import { runProgram } from "../tests/doubles/program.ts";

Deno.test("Runner.run() runs one function after the other on one loop", async () => {
  await using runner = new Runner();
  const loops: EventLoop[] = [];
  for (const name of ["one", "two"]) {
    const result = runner.run(async () => {
      loops.push(getRunningLoop());
      return await sleep(0, name);
    });
    assertType<IsExact<typeof result, Promise<string>>>(true);
    assertEquals(await result, name);
  }
  assertStrictEquals(loops[0], loops[1]);
  assertStrictEquals(runner.getLoop(), loops[0]);
});

Deno.test("Runner.run() leaves tasks for the next run", async () => {
  await using runner = new Runner({ loopFactory: () => new VirtualTimeLoop() });
  const log: string[] = [];
  await runner.run(async () => {
    createTask(async () => {
      log.push("begun");
      await sleep(5);
      log.push("ended");
    });
    await sleep(1);
  });
  assertEquals(log, ["begun"]);
  await runner.run(() => sleep(10));
  assertEquals(log, ["begun", "ended"]);
});

Deno.test("Runner.run() can be called after a function has thrown", async () => {
  await using runner = new Runner();
  await assertRejects(
    () =>
      runner.run(() => {
        throw new RangeError("boom");
      }),
    RangeError,
    "boom",
  );
  assertEquals(await runner.run(() => "fine"), "fine");
});

Deno.test("Runner.run() rejects a non-function and says what to write instead", async () => {
  await using runner = new Runner({
    loopFactory() {
      throw new Error("made a loop");
    },
  });
  await assertRejects(
    () => runner.run(Promise.resolve() as unknown as () => void),
    TypeError,
    "run() takes the function itself: run(main) or run(() => main(…)), not run(main())",
  );
});

Deno.test("Runner() refuses a loopFactory that is not a function, or does not return a loop", async () => {
  const no = 3 as unknown as () => EventLoop;
  const message = "The loopFactory option must be a function: received 3";
  assertThrows(() => new Runner({ loopFactory: no }), TypeError, message);
  await assertRejects(
    () => run(() => {}, { loopFactory: no }),
    TypeError,
    message,
  );
  for (
    const [made, received] of [[3, "3"], [undefined, "undefined"], [
      Promise.resolve(),
      "an instance of Promise",
    ]]
  ) {
    await assertRejects(
      () => run(() => {}, { loopFactory: () => made as unknown as EventLoop }),
      TypeError,
      `What loopFactory returns must be an EventLoop: received ${received}`,
    );
  }
});

Deno.test("Runner.run() refuses where a loop runs the caller", async () => {
  await using runner = new Runner();
  const calls: string[] = [];
  await run(async () => {
    await assertRejects(
      () => runner.run(() => calls.push("ran")),
      RuntimeError,
      "Cannot call run() in a running event loop: await the function instead",
    );
  });
  assertEquals(calls, []);
});

Deno.test("Runner.run() can be called by code that an earlier run left behind", async () => {
  await using runner = new Runner();
  const called = Promise.withResolvers<string>();
  await runner.run(() => {
    setTimeout(
      () => runner.run(() => "ran").then(called.resolve, called.reject),
      1,
    );
  });
  assertEquals(await called.promise, "ran");
});

Deno.test("Runner.run() takes a signal that cancels the function, for this run only", async () => {
  await using runner = new Runner({ loopFactory: () => new VirtualTimeLoop() });
  const controller = new AbortController();
  const error = await assertRejects(
    () =>
      runner.run(async () => {
        getRunningLoop().callLater(1, () => controller.abort("why"));
        await sleep(3600);
      }, { signal: controller.signal }),
    CancelledError,
  );
  assertEquals(error.cause, "why");
  assertEquals(await runner.run(() => sleep(1, "fine")), "fine");
});

Deno.test("Runner.getLoop() makes the loop once, with the factory and debug mode", async () => {
  let made = 0;
  const runner = new Runner({
    debug: true,
    loopFactory() {
      made++;
      return newEventLoop();
    },
  });
  try {
    assertEquals(made, 0);
    const loop = runner.getLoop();
    assertStrictEquals(runner.getLoop(), loop);
    assert(loop.getDebug());
    assertFalse(loop.isRunning());
    assertEquals(made, 1);
    await runner.run(() => assertStrictEquals(getRunningLoop(), loop));
    loop.setDebug(false);
  } finally {
    await runner.close();
  }
});

Deno.test("Runner.close() cancels and awaits the remaining tasks, and closes the loop once", async () => {
  const log: string[] = [];
  const runner = new Runner({ loopFactory: () => new VirtualTimeLoop() });
  const loop = runner.getLoop();
  await runner.run(async () => {
    createTask(async () => {
      try {
        await sleep(3600);
      } finally {
        await sleep(1);
        log.push("cleaned up");
      }
    });
    await sleep(0);
  });
  assertFalse(loop.isClosed());
  assertEquals(log, []);
  await runner.close();
  assertEquals(log, ["cleaned up"]);
  assert(loop.isClosed());
  assertEquals(allTasks(loop).size, 0);
  await runner.close();
});

Deno.test("Runner.close() cancels tasks that are created while others are cancelled", async () => {
  const log: string[] = [];
  const runner = new Runner({ loopFactory: () => new VirtualTimeLoop() });
  const reports = recordExceptions(runner.getLoop());
  const descend = async (generation: number): Promise<void> => {
    try {
      await sleep(3600);
    } finally {
      if (generation < 3) {
        createTask(() => descend(generation + 1));
        await sleep(0);
      }
      log.push(`generation ${generation}`);
    }
  };
  await runner.run(async () => {
    createTask(() => descend(1));
    await sleep(0);
  });
  await runner.close();
  assertEquals(log, ["generation 1", "generation 2", "generation 3"]);
  assertEquals(reports, []);
});

Deno.test("Runner.close() ends although a task starts another whenever it is cancelled", async () => {
  const runner = new Runner({ loopFactory: () => new VirtualTimeLoop() });
  const reports = recordExceptions(runner.getLoop());
  const respawn = async (): Promise<void> => {
    try {
      await sleep(3600);
    } finally {
      createTask(respawn);
      await sleep(0);
    }
  };
  await runner.run(async () => {
    createTask(respawn);
    await sleep(0);
  });
  await runner.close();
  assertEquals(
    reports.map(({ message }) => message),
    ["Task was destroyed but it is pending"],
  );
});

Deno.test("Runner.close() refuses while a function runs, and cancels nothing", async () => {
  const runner = new Runner();
  const running = runner.run(async () => {
    await assertRejects(
      () => runner.close(),
      RuntimeError,
      "Cannot close the runner while it runs a function",
    );
    return await sleep(0, "done");
  });
  assertEquals(await running, "done");
  const loop = runner.getLoop();
  await runner.close();
  assert(loop.isClosed());
});

Deno.test("Runner that is closed refuses to be used", async () => {
  const runner = new Runner();
  await runner.close();
  const message = "Cannot use the runner as it is closed";
  assertThrows(() => runner.getLoop(), RuntimeError, message);
  await assertRejects(() => runner.run(() => {}), RuntimeError, message);
});

Deno.test("Runner that was never used makes no loop", async () => {
  const runner = new Runner({
    loopFactory() {
      throw new Error("made a loop");
    },
  });
  await runner.close();
});

Deno.test("Runner is closed at the end of its scope", async () => {
  let loop: EventLoop;
  {
    await using runner = new Runner();
    loop = runner.getLoop();
  }
  assert(loop.isClosed());
});

Deno.test("Runner.run() while another function runs refuses, before anything runs", async () => {
  await using runner = new Runner();
  const calls: string[] = [];
  const first = runner.run(() => sleep(0.001, "first"));
  await assertRejects(
    () => runner.run(() => calls.push("second")),
    RuntimeError,
    "Cannot call run() while the runner runs another function",
  );
  assertEquals(await first, "first");
  assertEquals(calls, []);
});

Deno.test("run() returns what the function returns", async () => {
  const result = run(() => sleep(0, "result"));
  assertType<IsExact<typeof result, Promise<string>>>(true);
  assertEquals(await result, "result");
  assertEquals(await run(() => "plain"), "plain");
  assertEquals(await run(() => Promise.resolve("promise")), "promise");
});

Deno.test("run() throws what the function throws", async () => {
  const error = new Error("boom");
  assertStrictEquals(
    await assertRejects(() =>
      run(async () => {
        await sleep(0);
        throw error;
      })
    ),
    error,
  );
});

Deno.test("run() makes a loop of its own, and closes it", async () => {
  const loops: EventLoop[] = [];
  for (let i = 0; i < 2; i++) {
    await run(() => void loops.push(getRunningLoop()));
  }
  await assertRejects(() =>
    run(() => {
      loops.push(getRunningLoop());
      throw new Error("boom");
    })
  );
  assertEquals(new Set(loops).size, 3);
  for (const loop of loops) assert(loop.isClosed());
});

Deno.test("run() takes the loop from its factory, and debug mode", async () => {
  const loop = newEventLoop();
  try {
    await run(() => {
      assertStrictEquals(getRunningLoop(), loop);
      assert(loop.getDebug());
    }, { loopFactory: () => loop, debug: true });
  } finally {
    await run(() => assertFalse(getRunningLoop().getDebug()), { debug: false });
  }
  assert(loop.isClosed());
});

Deno.test("run() leaves a running loop of its factory alone", async () => {
  for (const loop of [newEventLoop(), getEventLoop()]) {
    const running = loop.isRunning() ? null : loop.runForever();
    const task = loop.createTask(() => sleep(0.001, "done"));
    const reports = recordExceptions(loop);
    await assertRejects(
      () => run(() => {}, { loopFactory: () => loop }),
      RuntimeError,
      "Cannot use the loop that loopFactory returns as it is running",
    );
    assertEquals(await task, "done");
    assertEquals(reports, []);
    loop.setExceptionHandler(null);
    if (running === null) continue;
    loop.stop();
    await running;
    loop.close();
  }
});

Deno.test("run() rejects a non-function and says what to write instead", async () => {
  const factory = () => {
    throw new Error("made a loop");
  };
  await assertRejects(
    () =>
      run(Promise.resolve() as unknown as () => void, { loopFactory: factory }),
    TypeError,
    "run() takes the function itself: run(main) or run(() => main(…)), not run(main())",
  );
  for (const [value, received] of [[1, "1"], [null, "null"]]) {
    await assertRejects(
      () => run(value as unknown as () => void, { loopFactory: factory }),
      TypeError,
      `The main of run() must be a function: received ${received}`,
    );
  }
});

Deno.test("run() refuses where a loop runs the caller", async () => {
  const message =
    "Cannot call run() in a running event loop: await the function instead";
  const calls: string[] = [];
  const main = () => void calls.push("ran");
  await run(async () => {
    await assertRejects(() => run(main), RuntimeError, message);
    const refused = new Future<unknown>();
    getRunningLoop().callSoon(() =>
      run(main).catch((error) => refused.setResult(error))
    );
    assertInstanceOf(await refused, RuntimeError);
  });
  await createTask(() => assertRejects(() => run(main), RuntimeError, message));
  assertEquals(calls, []);
});

Deno.test("run() can be called several times at once", async () => {
  const loops = await Promise.all(
    [1, 2, 3].map((n) =>
      run(async () => {
        await sleep(0.001 * n);
        return [getRunningLoop()];
      })
    ),
  );
  assertEquals(new Set(loops.flat()).size, 3);
});

Deno.test("run() throws a CancelledError when the main task is cancelled", async () => {
  await assertRejects(
    () =>
      run(async () => {
        currentTask()!.cancel("myself");
        await sleep(1);
      }),
    CancelledError,
    "myself",
  );
});

Deno.test("run() cancels the remaining tasks in creation order, and waits for them", async () => {
  const log: string[] = [];
  await run(() => {
    for (const name of ["a", "b", "c"]) {
      createTask(async () => {
        try {
          await sleep(3600);
        } finally {
          log.push(`${name} is cancelled`);
          await sleep(1);
          log.push(`${name} is clean`);
        }
      }, { eagerStart: true });
    }
    return "result";
  }, { loopFactory: () => new VirtualTimeLoop() });
  assertEquals(log, [
    "a is cancelled",
    "b is cancelled",
    "c is cancelled",
    "a is clean",
    "b is clean",
    "c is clean",
  ]);
});

Deno.test("run() cancels the remaining tasks when the function throws, too", async () => {
  const log: string[] = [];
  await assertRejects(
    () =>
      run(async () => {
        createTask(() => sleep(3600).catch((error) => log.push(String(error))));
        await sleep(0);
        throw new Error("boom");
      }),
    Error,
    "boom",
  );
  assertEquals(log, ["CancelledError"]);
});

Deno.test("run() reports what tasks throw while they are cancelled at the end", async () => {
  const loop = newEventLoop();
  const contexts = recordExceptions(loop);
  const error = new Error("while cleaning up");
  const tasks: unknown[] = [];
  await run(async () => {
    tasks.push(createTask(async () => {
      try {
        await sleep(3600);
      } catch {
        throw error;
      }
    }));
    createTask(() => sleep(3600));
    await sleep(0);
  }, { loopFactory: () => loop });
  assertEquals(
    contexts.map(({ message, exception, task }) => [
      message,
      exception === error,
      task === tasks[0],
    ]),
    [[
      "An exception was thrown by a task while run() shut down",
      true,
      true,
    ]],
  );
});

Deno.test("run() lets the remaining tasks swallow the cancellation and finish", async () => {
  const log: string[] = [];
  await run(async () => {
    createTask(async () => {
      try {
        await sleep(3600);
      } catch { /* swallowed */ }
      await sleep(5);
      log.push("finished");
    });
    await sleep(0);
  }, { loopFactory: () => new VirtualTimeLoop() });
  assertEquals(log, ["finished"]);
});

Deno.test("run() does not wait forever for a task that awaits a promise which never settles", async () => {
  const loop = new VirtualTimeLoop();
  const contexts = recordExceptions(loop);
  const log: string[] = [];
  const result = await run(async () => {
    createTask(() => new Promise(() => {}), { name: "stuck" });
    createTask(async () => {
      try {
        await sleep(3600);
      } finally {
        await sleep(10);
        log.push("clean");
      }
    });
    await sleep(0);
    return "result";
  }, { loopFactory: () => loop });
  assertEquals([result, log], ["result", ["clean"]]);
  assertEquals(
    contexts.map(({ message, task }) => [message, task?.getName()]),
    [["Task was destroyed but it is pending", "stuck"]],
  );
});

/** Code that throws a `KeyboardInterrupt` that the program cannot catch. */
const INTERRUPTS: Readonly<Record<string, (raise: () => never) => void>> = {
  "a callback": (raise) => void getRunningLoop().callSoon(raise),
  "a callback that returns a promise": (raise) =>
    void getRunningLoop().callSoon(() => Promise.resolve().then(raise)),
  "a callback of a future": (raise) => {
    const future = new Future<void>();
    future.addDoneCallback(raise);
    future.setResult();
  },
  "a task that nothing awaits": (raise) => void createTask(raise),
  "a task that nothing awaits, after an await": (raise) =>
    void createTask(async () => {
      await sleep(1);
      raise();
    }),
  "a task that only a callback observes": (raise) =>
    createTask(raise).addDoneCallback(() => {}),
  "an exception handler": (raise) => {
    getRunningLoop().setExceptionHandler(raise);
    getRunningLoop().callSoon(() => {
      throw new Error("for the handler");
    });
  },
};

for (const [name, interrupt] of Object.entries(INTERRUPTS)) {
  Deno.test(`run() ends with the KeyboardInterrupt of ${name}`, async () => {
    const thrown = new KeyboardInterrupt("enough");
    const loop = new VirtualTimeLoop();
    const contexts = recordExceptions(loop);
    const log: string[] = [];
    const error = await assertRejects(() =>
      run(async () => {
        interrupt(() => {
          throw thrown;
        });
        try {
          await sleep(3600);
          log.push("not interrupted");
        } catch (error) {
          log.push((error as Error).name);
          throw error;
        }
      }, { loopFactory: () => loop })
    );
    assertStrictEquals(error, thrown);
    assertEquals(log, ["CancelledError"]);
    assertEquals(contexts, []);
  });
}

Deno.test("run() continues after the KeyboardInterrupt of an awaited task", async () => {
  const loop = new VirtualTimeLoop();
  const result = await run(async () => {
    const task = createTask(async () => {
      await sleep(1);
      throw new KeyboardInterrupt("enough");
    });
    const error = await task.catch((error) => error);
    await sleep(1);
    return error instanceof KeyboardInterrupt;
  }, { loopFactory: () => loop });
  assert(result);
});

Deno.test("run() that is interrupted runs what else was ready during its end", async () => {
  const log: string[] = [];
  const loop = new VirtualTimeLoop();
  await assertRejects(() =>
    run(async () => {
      const main = currentTask()!;
      getRunningLoop().callSoon(() => {
        throw new KeyboardInterrupt("enough");
      });
      getRunningLoop().callSoon(() => log.push(`next, ${main.cancelling()}`));
      try {
        await sleep(3600);
      } finally {
        log.push("main");
      }
    }, { loopFactory: () => loop }), KeyboardInterrupt);
  // The main task had been cancelled by then.
  assertEquals(log, ["next, 1", "main"]);
});

Deno.test("The default loop reports a KeyboardInterrupt, as it cannot end", async () => {
  const loop = new Future().getLoop();
  const contexts = recordExceptions(loop);
  const thrown = new KeyboardInterrupt("enough");
  try {
    createTask(() => {
      loop.callSoon(() => {
        throw thrown;
      });
    });
    await sleep(0);
    await sleep(0);
  } finally {
    loop.setExceptionHandler(null);
  }
  assertEquals(contexts.map(({ exception }) => exception), [thrown]);
});

Deno.test("run() reports exceptions that were never retrieved before it ends", async () => {
  const loop = newEventLoop();
  const contexts = recordExceptions(loop);
  await run(async () => {
    createTask(() => {
      throw new Error("lost");
    }, { name: "loser" });
    await sleep(0);
  }, { loopFactory: () => loop });
  assertEquals(contexts.map(({ message }) => message), [
    "Task exception was never retrieved: <Task 'loser' failed>",
  ]);
});

Deno.test("run() with a signal that aborts cancels the function for the signal's reason", async () => {
  const controller = new AbortController();
  const reason = new Error("why");
  const log: string[] = [];
  const error = await assertRejects(
    () =>
      run(async () => {
        getRunningLoop().callLater(1, () => controller.abort(reason));
        try {
          await sleep(3600);
        } finally {
          log.push("cleaned up");
        }
      }, {
        signal: controller.signal,
        loopFactory: () => new VirtualTimeLoop(),
      }),
    CancelledError,
  );
  assertStrictEquals(error.cause, reason);
  assertEquals(log, ["cleaned up"]);
});

Deno.test("run() with a signal that is aborted already does not run the function", async () => {
  const calls: string[] = [];
  const error = await assertRejects(
    () =>
      run(() => void calls.push("ran"), { signal: AbortSignal.abort("why") }),
    CancelledError,
  );
  assertEquals([error.cause, calls], ["why", []]);
});

Deno.test("run() lets the program exit by itself", async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { createTask, run, sleep } from "asyncio";
    await run(async () => {
      createTask(() => sleep(3600));
      console.log("Hello ...");
      await sleep(0.001);
      console.log("... World!");
    });
  `);
  assertEquals([code, stdout, stderr], [0, "Hello ...\n... World!\n", ""]);
});

Deno.test("run() throws the program's failure and reports a failure of its end", async () => {
  const ofEnd = new Error("of the end");
  class BrokenLoop extends EventLoop {
    override shutdownAsyncGens(): Future<void> {
      const future = new Future<void>({ loop: this });
      future.setException(ofEnd);
      return future;
    }
  }
  const loop = new BrokenLoop();
  const contexts = recordExceptions(loop);
  const fail = () => {
    throw new TypeError("of the program");
  };
  await assertRejects(
    () => run(fail, { loopFactory: () => loop }),
    TypeError,
    "program",
  );
  assertEquals(
    contexts.map(({ message, exception }) => [message, exception === ofEnd]),
    [["An exception was thrown while run() shut down", true]],
  );
  const loopFactory = () => new BrokenLoop();
  await assertRejects(
    () => run(() => {}, { loopFactory }),
    Error,
    "of the end",
  );
});

for (
  const [name, source] of Object.entries({
    "of its main task": `
      await run(async () => {
        const task = createTask(() => sleep(3600));
        await sleep(0);
        task.cancel();
        await task;
      });
    `,
    "by a signal":
      "await run(() => sleep(3600), { signal: AbortSignal.timeout(1) });",
    "of a task of the default loop": `
      const task = createTask(() => sleep(3600));
      await sleep(0);
      task.cancel();
      await task;
    `,
    "that had happened before":
      "const task = createTask(() => sleep(3600)); await sleep(0); task.cancel(); await sleep(0.001); await task;",
  })
) {
  Deno.test(`A program fails that does not handle a cancellation ${name}`, async () => {
    const { code, stdout, stderr } = await runProgram(`
      import { createTask, run, sleep } from "asyncio";
      ${source}
      console.log("goes on");
    `);
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, "CancelledError");
  });
}

Deno.test("run() does not fail on a cancellation in an abandoned branch of a task", async () => {
  const output = await runProgram(`
    import { createTask, run, sleep } from "asyncio";
    await run(async () => {
      const task = createTask(async () => {
        const branch = (async () => await sleep(3600))();
        await sleep(3600);
        await branch;
      });
      await sleep(0);
      task.cancel();
      await sleep(0.001);
    });
  `);
  assertEquals(output, { code: 0, stdout: "", stderr: "" });
});
