// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  Event,
  Future,
  gather,
  getRunningLoop,
  run,
  RuntimeError,
  sleep,
  timeout,
  TimeoutError,
  wait,
} from "../mod.ts";
import { runProgram } from "../tests/doubles/program.ts";
import { ExplorationError } from "./exploration_error.ts";
import { explore, type ExploreOptions } from "./explore.ts";
import { HangError } from "./hang_error.ts";
import type { Trial } from "./trial.ts";

/** Tasks that take some steps each, and write down which of them takes one. */
async function logOf(steps: Record<string, number>): Promise<string> {
  let log = "";
  await wait(
    Object.entries(steps).map(([name, count]) =>
      createTask(async () => {
        for (let i = 0; i < count; i++) {
          if (i > 0) await sleep(0);
          log += name;
        }
      }, { name })
    ),
  );
  return log;
}

/** All orders of such steps. */
function ordersOf(steps: Record<string, number>): string[] {
  const left = Object.keys(steps).filter((name) => steps[name]! > 0);
  if (left.length === 0) return [""];
  return left.flatMap((name) =>
    ordersOf({ ...steps, [name]: steps[name]! - 1 }).map((rest) => name + rest)
  );
}

/** Returns the error with which exploring fails. */
function failureOf(
  body: (trial: Trial) => unknown,
  options?: ExploreOptions,
): Promise<ExplorationError> {
  return assertRejects(() => explore(body, options), ExplorationError);
}

/** Fails only if "b" goes before "a". */
async function hiddenRace(): Promise<void> {
  const log = await logOf({ a: 1, b: 1 });
  assertEquals(log, "ab");
}

Deno.test("explore() tries the ordinary order first", async () => {
  const steps = { a: 3, b: 3 };
  for (const strategy of ["random", "exhaustive"] as const) {
    const logs: string[] = [];
    const body = async () => void logs.push(await logOf(steps));
    const { schedules, complete } = await explore(body, {
      strategy,
      schedules: 1,
    });
    assertEquals(logs, ["ababab"]);
    assertEquals(schedules, 1);
    assertFalse(complete);
  }
});

for (const steps of [{ a: 2, b: 2 }, { a: 3, b: 2 }, { a: 1, b: 1, c: 2 }]) {
  const name = JSON.stringify(steps);
  Deno.test(`explore() finds every order of ${name}, exhaustively`, async () => {
    const logs: string[] = [];
    const { complete, schedules } = await explore(
      async () => void logs.push(await logOf(steps)),
      { strategy: "exhaustive", deviations: Infinity, timeouts: false },
    );
    assert(complete);
    assertEquals(logs.length, schedules);
    assertEquals([...new Set(logs)].sort(), ordersOf(steps).sort());
  });
}

Deno.test("explore() exhaustive tries each order exactly once", async () => {
  // Nothing awaits them, so only their steps can be ordered: ab, ba.
  const body = () => {
    createTask(() => {}, { name: "a" });
    createTask(() => {}, { name: "b" });
    return sleep(1);
  };
  const { schedules, complete } = await explore(body, {
    strategy: "exhaustive",
    timeouts: false,
  });
  assertEquals({ schedules, complete }, { schedules: 2, complete: true });
});

Deno.test("explore() exhaustive deviates at no more places than the option allows", async () => {
  const tried: number[] = [];
  const orders: number[] = [];
  for (const deviations of [0, 1, 2, 3, Infinity]) {
    const logs = new Set<string>();
    const { schedules, complete } = await explore(
      async () => void logs.add(await logOf({ a: 3, b: 3 })),
      { strategy: "exhaustive", deviations, timeouts: false },
    );
    assert(complete);
    tried.push(schedules);
    orders.push(logs.size);
  }
  assertEquals(tried[0], 1);
  assertEquals(tried, tried.toSorted((a, b) => a - b));
  assertEquals(orders[0], 1);
  assertEquals(orders.at(-1), 20);
});

Deno.test("explore() finds every order of few steps at random", async () => {
  const logs = new Set<string>();
  const steps = { a: 2, b: 2, c: 1 };
  await explore(async () => void logs.add(await logOf(steps)), {
    schedules: 2000,
    seed: 1,
  });
  assertEquals([...logs].sort(), ordersOf(steps).sort());
});

Deno.test("explore() finds a race that the ordinary order hides", async () => {
  for (const strategy of ["random", "exhaustive"] as const) {
    const error = await failureOf(hiddenRace, { strategy, seed: 1 });
    assertMatch(error.message, /^Schedule \d+ failed: AssertionError: /);
    assertEquals((error.cause as Error).name, "AssertionError");
    assertStringIncludes(error.message, `{ replay: "${error.replay}" }`);
    for (const step of error.trace) {
      assertStringIncludes(error.message, `\n  ${step}`);
    }
  }
});

Deno.test("explore() repeats its schedules with the same seed, and has others with another", async () => {
  const logsFor = async (seed: number) => {
    const logs: string[] = [];
    const body = async (trial: Trial) => {
      logs.push(await logOf({ a: 3, b: 3, c: 3 }) + trial.random());
    };
    await explore(body, { seed, schedules: 50 });
    return logs;
  };
  assertEquals(await logsFor(7), await logsFor(7));
  assertNotEquals(await logsFor(7), await logsFor(8));
});

Deno.test("explore() reports the failure it found, not one that only debug mode has", async () => {
  const error = await assertRejects(() =>
    explore(() => {
      // Debug mode refuses this.
      getRunningLoop().callSoon(async () => {});
      throw new RangeError("of the body");
    }, { schedules: 1 }), ExplorationError);
  assertEquals((error.cause as Error).message, "of the body");
});

Deno.test("explore() has the same trace when a failure is replayed", async () => {
  const body = async (trial: Trial) => {
    const log = await logOf({ a: 3, b: 3 });
    const task = trial.mayCancel(createTask(() => sleep(trial.random())));
    await wait([task]);
    if (trial.random() < 0.05 || log === "bbbaaa") throw new Error(log);
    if (task.cancelled()) throw new Error("cancelled");
  };
  for (const strategy of ["random", "exhaustive"] as const) {
    for (const seed of [1, 2, 3]) {
      const first = await failureOf(body, { strategy, seed, schedules: 5000 });
      const again = await failureOf(body, { replay: first.replay });
      assertEquals(again.trace, first.trace);
      assertEquals(again.replay, first.replay);
      assertEquals(String(again.cause), String(first.cause));
    }
  }
});

Deno.test("explore() replays with the options of the failure, not with the given ones", async () => {
  const body = async (trial: Trial) => {
    const tasks = [1, 2].map((seconds) =>
      trial.mayCancel(createTask(() => sleep(seconds)))
    );
    await wait(tasks);
    if (tasks.every((task) => task.cancelled())) throw new Error("both");
  };
  const options = { cancellations: 2, timeouts: false, seed: 1 };
  const first = await failureOf(body, options);
  const { replay } = first;
  const again = await failureOf(body, {
    replay,
    cancellations: 0,
    maxSteps: 1,
  });
  assertEquals(again.trace, first.trace);
});

Deno.test("explore() reports which task resumed at which line", async () => {
  const error = await failureOf(async () => {
    const task = createTask(async function work() {
      await sleep(1);
    }, { name: "worker" });
    await task;
    throw new Error("of the body");
  });
  const here = RegExp.escape(import.meta.url);
  assertMatch(error.trace.join("\n"), /^0\.000 {2}worker$/m);
  assertMatch(
    error.trace.join("\n"),
    new RegExp(
      `^1\\.000 {2}worker at (async )?work \\(${here}:\\d+:\\d+\\)$`,
      "m",
    ),
  );
});

Deno.test("explore() names tasks identically in every process", async () => {
  createTask(() => {}).setName("of another loop");
  const error = await failureOf(async () => {
    await createTask(() => {});
    throw new Error("of the body");
  });
  const names = error.trace.map((step) => step.split(/ +/)[1]);
  assertEquals(names.slice(0, 2), ["Task-1", "Task-2"]);
});

Deno.test("explore() shows the last steps of many", async () => {
  const error = await failureOf(async () => {
    for (let i = 0; i < 100; i++) await sleep(0);
    throw new Error("of the body");
  });
  assertGreater(error.trace.length, 100);
  assertStringIncludes(
    error.message,
    `The last 50 of its ${error.trace.length} steps:`,
  );
  assertEquals(error.message.split("\n").length, 53);
});

Deno.test("explore() stops when its schedules, or its seconds, are spent", async () => {
  const { schedules, steps, complete } = await explore(hiddenNothing, {
    schedules: 20,
  });
  assertEquals({ schedules, complete }, { schedules: 20, complete: false });
  assertGreater(steps, 20);
  const brief = await explore(hiddenNothing, {
    schedules: Infinity,
    seconds: 0.05,
  });
  assertGreater(brief.schedules, 0);
  assertFalse(brief.complete);
  assertEquals((await explore(hiddenNothing, { seconds: 0 })).schedules, 1);
});

async function hiddenNothing(): Promise<void> {
  await logOf({ a: 2, b: 2 });
}

Deno.test("explore() fails when the body throws before it awaits anything", async () => {
  const { cause } = await failureOf(() => {
    throw new TypeError("at once");
  });
  assert(cause instanceof TypeError);
});

Deno.test("explore() fails when the body hangs, and reports where", async () => {
  const { cause, message } = await failureOf(async function stuck() {
    await new Event().wait();
  });
  assert(cause instanceof HangError);
  assertStringIncludes(message, "* <Event.wait() pending>");
  assertMatch(message, /\| +(async )?stuck \(/);
});

Deno.test("explore() fails when the body does not end", async () => {
  const { cause, trace } = await failureOf(async () => {
    while (true) await sleep(1);
  }, { maxSteps: 100 });
  assertEquals(trace.length, 100);
  assertStringIncludes(
    `${cause}`,
    "RuntimeError: The program did not end within 100 steps",
  );
});

Deno.test("explore() fails when tasks keep each other busy forever", async () => {
  const { cause } = await failureOf(() =>
    gather([1, 2].map(() => async () => {
      while (true) await sleep(0);
    })), { maxSteps: 1000 });
  assertStringIncludes(`${cause}`, "did not end within 1000 steps");
});

Deno.test("explore() fails when an exception is never retrieved", async () => {
  const { cause } = await failureOf(async () => {
    createTask(() => {
      throw new TypeError("nobody asks");
    });
    await sleep(1);
  });
  assertEquals(`${cause}`, "TypeError: nobody asks");
});

Deno.test("explore() fails when a callback throws", async () => {
  const { cause } = await failureOf(async () => {
    getRunningLoop().callSoon(() => {
      throw new TypeError("of a callback");
    });
    await sleep(1);
  });
  assertEquals(`${cause}`, "TypeError: of a callback");
});

Deno.test("explore() cancels leftover tasks, and fails if they do not end", async () => {
  let ended = 0;
  await explore(async () => {
    createTask(async () => {
      try {
        await new Future();
      } finally {
        ended++;
      }
    });
    await sleep(1);
  }, { schedules: 3 });
  assertEquals(ended, 3);

  const { cause } = await failureOf(async () => {
    createTask(async () => {
      while (true) await sleep(1).catch(() => {});
    }, { name: "deaf" });
    await sleep(1);
  }, { maxSteps: 100 });
  assertStringIncludes(
    `${cause}`,
    "A leftover task did not end when it was cancelled: RuntimeError: The program did not end within 100 steps",
  );
});

Deno.test("explore() fails when the clean-up of a leftover task fails", async () => {
  const { cause } = await failureOf(async () => {
    createTask(async () => {
      try {
        await new Future();
      } finally {
        // deno-lint-ignore no-unsafe-finally -- the mistake that is to be found
        throw new TypeError("of the clean-up");
      }
    });
    await sleep(1);
  });
  assertEquals(`${cause}`, "TypeError: of the clean-up");
});

Deno.test("explore() fails when the body waits for something outside the loop", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { cause } = await failureOf(() => promise);
  assertStringIncludes(`${cause}`, "Cannot wait for something outside");
  resolve();
});

Deno.test("explore() reports that a body depends on more than the order of events", async () => {
  let runs = 0;
  const { message, cause } = await failureOf(() => {
    if (++runs === 3) throw new Error("the third time");
  });
  assertStringIncludes(message, "It passed when it was run again");
  assertEquals(`${cause}`, "Error: the third time");
});

Deno.test("Trial.mayCancel() cancels tasks at any await and before their first step", async () => {
  for (const strategy of ["random", "exhaustive"] as const) {
    const places = new Set<number>();
    await explore(async (trial) => {
      let place = 0;
      const task = createTask(async () => {
        for (place = 1; place <= 3; place++) await sleep(place);
      });
      trial.mayCancel(task);
      await wait([task, createTask(() => sleep(10))]);
      if (task.cancelled()) places.add(place);
    }, { strategy, schedules: 500, seed: 1 });
    assertEquals([...places].sort(), [0, 1, 2, 3], strategy);
  }
});

Deno.test("explore() cancels only permitted tasks, at most as often as the option allows", async () => {
  for (const strategy of ["random", "exhaustive"] as const) {
    for (const cancellations of [0, 1, 2]) {
      let most = 0;
      await explore(async (trial) => {
        const tasks = [1, 2, 3].map((each) => createTask(() => sleep(each)));
        tasks.forEach((task) => trial.mayCancel(task));
        const other = createTask(() => sleep(1));
        await wait([...tasks, other]);
        const requests = tasks.reduce(
          (sum, each) => sum + each.cancelling(),
          0,
        );
        most = Math.max(most, requests);
        assertFalse(other.cancelled());
      }, { strategy, cancellations, schedules: 1000, seed: 1 });
      assertEquals(most, cancellations);
    }
  }
});

Deno.test("explore() cancels from outside the task", async () => {
  await explore(async (trial) => {
    let error: unknown;
    const task = trial.mayCancel(createTask(async () => {
      try {
        for (let i = 0; i < 5; i++) await sleep(0);
      } catch (caught) {
        error = caught;
        throw caught;
      }
    }));
    await wait([task]);
    if (error !== undefined) assert(error instanceof CancelledError);
    assertEquals(task.cancelled(), task.cancelling() > 0);
  }, { schedules: 300, seed: 1 });
});

Deno.test("explore() lets timers expire early, unless the option is off", async () => {
  for (const strategy of ["random", "exhaustive"] as const) {
    const body = async () => {
      await timeout(60, async () => {
        for (let i = 0; i < 3; i++) await sleep(0);
      });
    };
    const { cause } = await failureOf(body, { strategy, seed: 1 });
    assert(cause instanceof TimeoutError);
    await explore(body, { strategy, timeouts: false, schedules: 200 });
  }
});

Deno.test("Trial.random() returns the same numbers when a schedule is run again", async () => {
  const numbers: number[] = [];
  const error = await failureOf((trial) => {
    const number = trial.random();
    assert(number >= 0 && number < 1);
    if (number < 0.9) return;
    numbers.push(number);
    throw new Error("unlucky");
  }, { seed: 3 });
  await failureOf((trial) => {
    numbers.push(trial.random());
    throw new Error("again");
  }, { replay: error.replay });
  assertGreater(numbers.length, 2);
  assertEquals(new Set(numbers).size, 1);
});

Deno.test("explore() keeps callbacks in their order", async () => {
  await explore(async () => {
    const log: number[] = [];
    const loop = getRunningLoop();
    createTask(() => sleep(0));
    for (let i = 0; i < 5; i++) loop.callSoon(() => log.push(i));
    await sleep(1);
    assertEquals(log, [0, 1, 2, 3, 4]);
  }, { schedules: 200 });
});

Deno.test("explore() cannot be called inside a running loop", () =>
  run(async () => {
    await assertRejects(
      () => explore(() => {}),
      RuntimeError,
      "Cannot call explore() as an event loop is running",
    );
  }));

Deno.test("explore() rejects wrong arguments", async () => {
  await assertRejects(
    () => explore(Promise.resolve() as never),
    TypeError,
    "The body of explore() must be a function: received an instance of Promise",
  );
  const wrong: [object, string][] = [
    [
      { strategy: "all" },
      'The strategy option must be "random" or "exhaustive": received "all"',
    ],
    [
      { schedules: 0 },
      "The schedules option must be an integer of at least 1: received 0",
    ],
    [
      { schedules: 1.5 },
      "The schedules option must be an integer of at least 1: received 1.5",
    ],
    [
      { seconds: -1 },
      "The seconds option must be a number of at least 0: received -1",
    ],
    [
      { seconds: NaN },
      "The seconds option must be a number of at least 0: received NaN",
    ],
    [{ seed: 0.5 }, "The seed option must be an integer: received 0.5"],
    [
      { seed: Infinity },
      "The seed option must be an integer: received Infinity",
    ],
    [
      { deviations: -1 },
      "The deviations option must be an integer of at least 0: received -1",
    ],
    [
      { cancellations: NaN },
      "The cancellations option must be an integer of at least 0: received NaN",
    ],
    [
      { maxSteps: 0 },
      "The maxSteps option must be an integer of at least 1: received 0",
    ],
    [
      { replay: "again" },
      'The replay option must be the replay of an ExplorationError: received "again"',
    ],
    [{ replay: "random 1 1 1 1000 5" }, "The replay option"],
    [{ replay: "path 1 1 1 1000 1.x" }, "The replay option"],
    [{ replay: "path 1 1 2 1000 -" }, "The replay option"],
  ];
  for (const [options, message] of wrong) {
    await assertRejects(() => explore(() => {}, options), RangeError, message);
  }
  await assertRejects(
    () => explore(() => {}, { replay: 5 as never }),
    TypeError,
    "The replay option must be a string: received 5",
  );
  await assertRejects(
    () => explore(() => {}, { timeouts: 1 as never }),
    TypeError,
    "The timeouts option must be a boolean: received 1",
  );
  await assertRejects(
    () => explore(() => {}, { schedules: "9" as never }),
    TypeError,
    'The schedules option must be an integer: received "9"',
  );
});

Deno.test("explore() releases its memory", async () => {
  const testing = new URL("./mod.ts", import.meta.url).href;
  const { stdout, stderr } = await runProgram(
    `
    import { createTask, sleep, wait } from "asyncio";
    import { explore } from "${testing}";
    async function body() {
      await wait([1, 2, 3].map((delay) => createTask(() => sleep(delay))));
    }
    async function heapAfter(schedules) {
      await explore(body, { schedules, seconds: Infinity });
      for (let i = 0; i < 3; i++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        globalThis.gc();
      }
      return Deno.memoryUsage().heapUsed;
    }
    const before = await heapAfter(500);
    console.log(await heapAfter(2500) - before);
  `,
    { v8Flags: "--expose-gc" },
  );
  assertEquals(stderr, "");
  // A schedule of which something were left would leave a kilobyte at least.
  assertLess(Number(stdout), 2e6);
});
