// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  createTask,
  currentTask,
  gather,
  run,
  type RunOptions,
  sleep,
  taskGroup,
  timeout,
  wait,
} from "../tasks/mod.ts";
import { FakeHost, newVirtualLoop } from "../tests/doubles/fake_host.ts";
import {
  type CancelledError,
  EventLoop,
  type ExceptionContext,
  Future,
  getRunningLoop,
  newEventLoop,
  setWarningHandler,
} from "./mod.ts";

/** A host whose clock goes when the test says that something took long. */
class BusyHost extends FakeHost {
  #spent = 0;

  spend(seconds: number): void {
    this.#spent += seconds;
  }

  override now(): number {
    return super.now() + this.#spent;
  }
}

/** The options of a loop in debug mode on such a host. */
function onHost(host: BusyHost, debug = true) {
  return { debug, loopFactory: () => newVirtualLoop(host) };
}

/** Runs `main` and returns the warnings of the library. */
async function warningsOf(
  main: () => Promise<unknown>,
  options: RunOptions = onHost(new BusyHost()),
): Promise<string[]> {
  const warnings: string[] = [];
  setWarningHandler((message) => warnings.push(message));
  try {
    await run(main, options);
  } finally {
    setWarningHandler(null);
  }
  return warnings;
}

Deno.test("EventLoop.setDebug() can be turned on and off; run() passes it on", async () => {
  const loop = newEventLoop();
  assertFalse(loop.getDebug());
  loop.setDebug(true);
  assert(loop.getDebug());
  loop.setDebug(true);
  loop.setDebug(false);
  assertFalse(loop.getDebug());
  loop.close();
  assert(await run(() => getRunningLoop().getDebug(), { debug: true }));
  assertFalse(await run(() => getRunningLoop().getDebug(), { debug: false }));
});

Deno.test("EventLoop.setDebug() of one loop does not affect another loop's stacks", async () => {
  const stackOfCancellation = async () => {
    const task = createTask(() => sleep(60));
    await sleep(0);
    task.cancel();
    await wait([task]);
    try {
      return task.result();
    } catch (error) {
      return (error as CancelledError).stack!;
    }
  };
  await run(async () => {
    const other = newEventLoop();
    other.setDebug(true);
    other.close();
    assertMatch(String(await stackOfCancellation()), /\n +at /);
  }, { debug: true });
  await run(async () => {
    assertEquals(await stackOfCancellation(), "CancelledError");
  });
});

Deno.test("EventLoop.slowCallbackDuration: a callback that takes longer is named", async () => {
  const host = new BusyHost();
  const warnings = await warningsOf(async () => {
    const loop = getRunningLoop();
    const done = new Future<void>();
    loop.callSoon(function quick() {
      host.spend(0.09);
    });
    loop.callSoon(function dawdle() {
      host.spend(0.125);
    });
    loop.slowCallbackDuration = 0.1;
    loop.callLater(0.001, () => {
      host.spend(2);
      done.setResult();
    });
    await done;
  }, onHost(host));
  assertEquals(warnings.length, 2);
  assertMatch(
    warnings[0]!,
    /^Executing <Handle dawdle> took 0\.125 seconds \(created at .*debug_mode_test\.ts:\d+:\d+\)$/,
  );
  assertMatch(
    warnings[1]!,
    /^Executing <TimerHandle of an anonymous function> took 2\.000 seconds /,
  );
});

Deno.test("EventLoop.slowCallbackDuration: any slow step of a task is named", async () => {
  const host = new BusyHost();
  const warnings = await warningsOf(async () => {
    await createTask(() => host.spend(1), { name: "first step" });
    await createTask(async () => {
      await sleep(0);
      host.spend(2);
      await sleep(0);
    }, { name: "later step" });
    await createTask(() => sleep(60), { name: "sleeper" });
    await createTask(async () => {
      host.spend(0.09);
      await sleep(0);
      host.spend(0.09);
    }, { name: "two short steps" });
    await createTask(async () => {
      await Promise.resolve();
      host.spend(3);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }, { name: "foreign" });
  }, onHost(host));
  assertEquals(
    warnings.map((each) => /^Executing <.*> took \d\.\d+ s/.exec(each)?.[0]),
    [
      "Executing <Task 'first step' finished> took 1.000 s",
      "Executing <Task 'later step' pending> took 2.000 s",
      "Executing <Task 'foreign' pending> took 3.000 s",
    ],
  );
});

Deno.test("EventLoop.slowCallbackDuration does not count time in which nothing runs", async () => {
  const warnings = await warningsOf(async () => {
    // Nothing is called in this handle's turn, the last before the wait.
    getRunningLoop().callSoon(() => {}).cancel();
    await sleep(60);
  });
  assertEquals(warnings, []);
});

Deno.test("EventLoop.slowCallbackDuration means nothing without debug mode", async () => {
  const host = new BusyHost();
  const warnings = await warningsOf(async () => {
    getRunningLoop().callSoon(() => host.spend(1));
    await sleep(0);
  }, onHost(host, false));
  assertEquals(warnings, []);
});

Deno.test("EventLoop.setDebug() in the middle of a callback harms nothing", async () => {
  const warnings = await warningsOf(async () => {
    const loop = getRunningLoop();
    loop.slowCallbackDuration = 60;
    loop.callSoon(() => loop.setDebug(false));
    await sleep(0);
    loop.callSoon(() => loop.setDebug(true));
    await sleep(0);
    await sleep(0);
    assert(loop.getDebug());
  });
  assertEquals(warnings, []);
});

Deno.test("EventLoop.callSoon() and the like refuse async functions in debug mode", async () => {
  await run(() => {
    const loop = getRunningLoop();
    const callback = async () => {};
    assertThrows(
      () => loop.callSoon(callback),
      TypeError,
      "callSoon() takes a function that is not async: createTask() starts those",
    );
    assertThrows(() => loop.callLater(1, callback), TypeError, "not async");
    assertThrows(() => loop.callAt(1, callback), TypeError, "not async");
  }, { debug: true });
  await run(async () => {
    let called = false;
    getRunningLoop().callSoon(async () => {
      await null;
      called = true;
    });
    await sleep(0);
    assert(called);
  });
});

Deno.test("EventLoop.callExceptionHandler() says where things were created, in debug mode", async () => {
  const contexts: ExceptionContext[] = [];
  const main = async () => {
    const loop = getRunningLoop();
    loop.setExceptionHandler((_, context) => contexts.push(context));
    loop.callSoon(() => {
      throw new Error("in a callback");
    });
    createTask(() => {
      throw new Error("in a task");
    });
    new Future().setException(new Error("in a future"));
    await sleep(0);
    await sleep(0);
  };
  await run(main);
  assertEquals(
    contexts.map((each) => each.sourceTraceback),
    [undefined, undefined, undefined],
  );
  contexts.length = 0;
  await run(main, { debug: true });
  const traces = contexts.map((each) => each.sourceTraceback!.split("\n"));
  assertEquals(traces.map((lines) => lines[0]).sort(), [
    "Future was created at",
    "Handle was created at",
    "Task was created at",
  ]);
  // The frames of the library are left out.
  for (const lines of traces) {
    assertEquals(lines.length, 2);
    assertMatch(lines[1]!, /^ {4}at .*debug_mode_test\.ts:\d+:\d+/);
  }
});

Deno.test("EventLoop.close() says where a pending task was created, in debug mode", async () => {
  const loop = newEventLoop();
  loop.setDebug(true);
  const contexts: ExceptionContext[] = [];
  loop.setExceptionHandler((_, context) => contexts.push(context));
  await loop.runUntilComplete(() => {
    loop.createTask(() => new Future(), { name: "left" });
  });
  loop.close();
  assertEquals(contexts.length, 1);
  assertStringIncludes(contexts[0]!.sourceTraceback!, "Task was created at\n");
  assertStringIncludes(contexts[0]!.sourceTraceback!, "debug_mode_test.ts");
});

Deno.test("EventLoop.defaultExceptionHandler() prints where the task was created", async () => {
  const { error } = console;
  const printed: unknown[][] = [];
  console.error = (...parts: unknown[]) => printed.push(parts);
  try {
    await run(() => {
      createTask(() => {
        throw new Error("nobody looks");
      });
      return sleep(0);
    }, { debug: true });
  } finally {
    console.error = error;
  }
  const text = printed.flat().join(" ");
  assertMatch(text, /^Task exception was never retrieved: <Task .* failed>/);
  assertMatch(text, /\nTask was created at\n {4}at .*debug_mode_test\.ts/);
});

Deno.test("Task that swallows its cancellation is named once, in debug mode", async () => {
  const main = async () => {
    const task = createTask(async () => {
      try {
        await sleep(60);
      } catch {
        // Swallowed.
      }
    }, { name: "glutton" });
    await sleep(0);
    task.cancel();
    await task;
  };
  assertEquals(await warningsOf(main), [
    "<Task 'glutton' finished> was cancelled but completed normally: a catch block swallowed the CancelledError. " +
    "Rethrow it, or call uncancel() if the task is meant to continue",
  ]);
  assertEquals(await warningsOf(main, onHost(new BusyHost(), false)), []);
});

Deno.test("Task that deals with its cancellation is not blamed", async () => {
  const cancelled = (body: () => Promise<unknown>) => async () => {
    const task = createTask(body);
    await sleep(0);
    task.cancel();
    await task.catch(() => {});
  };
  const warnings = await warningsOf(() =>
    gather([
      cancelled(() => sleep(60)),
      cancelled(async () => {
        await sleep(60).catch(() => currentTask()!.uncancel());
      }),
      cancelled(async () => {
        await sleep(60).catch(() => {
          throw new Error("another one");
        });
      }),
      async () => await timeout(0.001, () => sleep(60)).catch(() => {}),
      async () =>
        await taskGroup(async (group) => {
          group.createTask(() => Promise.reject(new Error("fails")));
          await sleep(60);
        }).catch(() => {}),
      async () => await taskGroup((group) => group.cancel()),
    ])
  );
  assertEquals(warnings, []);
});

/** Returns the output of a program with `ASYNCIO_DEBUG` in its environment. */
async function debugOf(value: string, flags: string[]): Promise<string> {
  const mod = new URL("./mod.ts", import.meta.url).href;
  const script = `
    import { getEventLoop, newEventLoop } from ${JSON.stringify(mod)};
    const loop = newEventLoop();
    console.log(getEventLoop().getDebug(), loop.getDebug());
    loop.close();
  `;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-config",
      "--no-check",
      ...flags,
      `data:application/javascript,${encodeURIComponent(script)}`,
    ],
    env: { ASYNCIO_DEBUG: value, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assertEquals([code, decoder.decode(stderr)], [0, ""]);
  return decoder.decode(stdout).trim();
}

Deno.test("EventLoop is in debug mode if the environment asks for it and may be read", async () => {
  const allowed = "--allow-env=ASYNCIO_DEBUG";
  const results = await Promise.all([
    debugOf("1", [allowed]),
    debugOf("0", [allowed]),
    debugOf("", [allowed]),
    debugOf("1", []),
    debugOf("1", ["--allow-env=HOME"]),
  ]);
  assertEquals(results, [
    "true true",
    "false false",
    "false false",
    "false false",
    "false false",
  ]);
});

Deno.test("EventLoop made by hand is not in debug mode", () => {
  const loop = new EventLoop();
  assertFalse(loop.getDebug());
  loop.close();
});
