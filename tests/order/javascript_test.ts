// Copyright 2026 the asyncio for Deno authors. MIT license.

// What asyncio has no rule for, because in Python it cannot happen.

import { AsyncLocalStorage } from "node:async_hooks";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  Future,
  getRunningLoop,
  RuntimeError,
  type Task,
} from "../../loop/mod.ts";
import {
  createTask,
  currentTask,
  gather,
  run,
  sleep,
  taskGroup,
} from "../../tasks/mod.ts";
import { Lock } from "../../sync/mod.ts";
import { Queue } from "../../queues/mod.ts";
import { VirtualTimeLoop } from "../../testing/mod.ts";
import { say } from "./order.ts";

/** Tests the order of events in a program that is the main task of a loop. */
function testEvents(
  name: string,
  expected: readonly string[],
  main: (log: (text: string) => void) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const events: string[] = [];
    await run(() => main((text) => events.push(text)), {
      loopFactory: () => new VirtualTimeLoop(),
    });
    assertEquals(events, [...expected]);
  });
}

/** A promise of the platform, that tells the scheduler nothing. */
function foreign(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

testEvents(
  "Task.cancel() cancels every branch of a Promise.all, in the order in which they wait",
  [
    "a CancelledError(stop)",
    "all CancelledError(stop)",
    "b CancelledError(stop)",
    "c CancelledError(stop)",
    "cancelled: true, cancelling 1",
  ],
  async (log) => {
    async function branch(name: string) {
      try {
        await sleep(10);
      } catch (error) {
        log(`${name} ${say(error)}`);
        throw error;
      }
    }

    const task = createTask(async () => {
      try {
        await Promise.all([branch("a"), branch("b"), branch("c")]);
      } catch (error) {
        log(`all ${say(error)}`);
        throw error;
      }
    });
    await sleep(0);
    task.cancel("stop");
    await gather([task], { returnExceptions: true });
    // The branches behind the first have outlived the task.
    await foreign();
    log(`cancelled: ${task.cancelled()}, cancelling ${task.cancelling()}`);
  },
);

testEvents(
  "Task.cancel() cancels operations that the task has begun and awaits later",
  [
    "helper CancelledError(stop)",
    "sleep CancelledError(stop)",
    "later CancelledError(stop)",
    "goes on, cancelling 1",
  ],
  async (log) => {
    async function helper() {
      try {
        await sleep(5);
      } catch (error) {
        log(`helper ${say(error)}`);
        throw error;
      }
    }

    const task = createTask(async () => {
      const begun = helper();
      try {
        await sleep(1);
      } catch (error) {
        log(`sleep ${say(error)}`);
      }
      try {
        await begun;
      } catch (error) {
        log(`later ${say(error)}`);
      }
      await sleep(0);
      log(`goes on, cancelling ${currentTask()!.cancelling()}`);
    });
    await sleep(0);
    task.cancel("stop");
    await task;
  },
);

testEvents(
  "Task.cancel() by one branch hands back what another branch was granted",
  ["cancels", "the other CancelledError(self)", "size 1"],
  async (log) => {
    const queue = new Queue<number>();
    const task = createTask(async () => {
      const other = (async () => {
        try {
          log(`got ${await queue.get()}`);
        } catch (error) {
          log(`the other ${say(error)}`);
          throw error;
        }
      })();
      await sleep(0);
      queue.putNowait(1);
      currentTask()!.cancel("self");
      log("cancels");
      await other;
    });
    await gather([task], { returnExceptions: true });
    log(`size ${queue.qsize()}`);
  },
);

testEvents(
  "Task.cancel() during a native promise is delivered at the next library await",
  ["is foreign", "foreign is done", "CancelledError(stop)"],
  async (log) => {
    const task = createTask(async () => {
      log("is foreign");
      await foreign();
      log("foreign is done");
      await sleep(0);
      log("never");
    });
    await sleep(0);
    task.cancel("stop");
    try {
      await task;
    } catch (error) {
      log(say(error));
    }
  },
);

testEvents(
  "Future: a task that awaits itself, or a circle of them, gets a RuntimeError",
  [
    "self RuntimeError",
    "c RuntimeError",
    "b RuntimeError",
    "a RuntimeError",
  ],
  async (log) => {
    const tasks: Record<string, Task<void>> = {};
    const awaits = (name: string, other: string) =>
      tasks[name] = createTask(async () => {
        try {
          await tasks[other];
        } catch (error) {
          assert(error instanceof RuntimeError);
          log(`${name} ${error.name}`);
          throw error;
        }
      });

    await gather([awaits("self", "self")], { returnExceptions: true });
    await gather([awaits("a", "b"), awaits("b", "c"), awaits("c", "a")], {
      returnExceptions: true,
    });
  },
);

testEvents(
  "Future.then() inside a task calls back in order, in the task's context",
  [
    "asked",
    "result is set",
    "one 1 in T, user's",
    "two 1 in T, user's",
    "three in T",
    "callback",
  ],
  async (log) => {
    const user = new AsyncLocalStorage<string>();
    const future = new Future<number>();
    const where = () => `in ${currentTask()?.getName()}`;
    const task = user.run("user's", () =>
      createTask(async () => {
        const one = future.then((value) =>
          log(`one ${value} ${where()}, ${user.getStore()}`)
        );
        const two = future.then((value) =>
          log(`two ${value} ${where()}, ${user.getStore()}`)
        );
        log("asked");
        await Promise.all([one, two]);
        log(`three ${where()}`);
      }, { name: "T" }));
    await sleep(0);
    getRunningLoop().callSoon(() => {
      future.setResult(1);
      log("result is set");
      getRunningLoop().callSoon(log, "callback");
    });
    await task;
    await sleep(0);
  },
);

testEvents(
  "Task: awaiting a settled promise does not end the step",
  ["a1", "a2", "a3", "b1", "b2", "b3", "a4", "b4"],
  async (log) => {
    async function work(name: string) {
      log(`${name}1`);
      await null;
      log(`${name}2`);
      for (let i = 0; i < 100; i++) await Promise.resolve(i);
      log(`${name}3`);
      await sleep(0);
      log(`${name}4`);
    }

    await gather([() => work("a"), () => work("b")]);
  },
);

testEvents(
  "Task: code that outlives its task counts as outside any task",
  ["in T", "task is done", "in none", "a new task gives 5"],
  async (log) => {
    const where = () => log(`in ${currentTask()?.getName() ?? "none"}`);
    let leftover = Promise.resolve();
    const task = createTask(() => {
      leftover = (async () => {
        where();
        await sleep(1);
        where();
        log(`a new task gives ${await createTask(() => 5)}`);
      })();
    }, { name: "T" });
    await task;
    log("task is done");
    task.cancel();
    await leftover;
  },
);

testEvents(
  "AsyncLocalStorage: tasks and callbacks have the user's values of their making",
  [
    "task: made there",
    "soon: planned there",
    "done: added there",
    "task: made there",
    "later: planned there",
    "main: undefined",
  ],
  async (log) => {
    const user = new AsyncLocalStorage<string>();
    const say = (label: string) => log(`${label}: ${user.getStore()}`);
    const loop = getRunningLoop();
    const future = new Future();
    const task = user.run("made there", () =>
      createTask(async () => {
        say("task");
        user.run("set there", () => future.setResult(null));
        await sleep(0);
        say("task");
      }));
    user.run("planned there", () => {
      loop.callSoon(say, "soon");
      loop.callLater(1, say, "later");
    });
    user.run("added there", () => future.addDoneCallback(() => say("done")));
    await task;
    await sleep(2);
    say("main");
  },
);

testEvents(
  "Future: errors and results of callbacks do not affect awaiters",
  ["handler Error(callback)", "got 1"],
  async (log) => {
    getRunningLoop().setExceptionHandler((_, { exception }) =>
      log(`handler ${say(exception)}`)
    );
    const future = new Future<number>();
    future.addDoneCallback(() => {
      throw new Error("callback");
    });
    const task = createTask(async () => log(`got ${await future}`));
    await sleep(0);
    future.setResult(1);
    await task;
  },
);

Deno.test("Task: a pending native promise does not stall other tasks", async () => {
  const never = Promise.withResolvers<void>();
  await run(async () => {
    const stuck = createTask(() => never.promise);
    const waits = createTask(async () => {
      await foreign();
      return "foreign";
    });
    while (!waits.done()) await sleep(0);
    assertEquals(await waits, "foreign");
    assert(!stuck.done());
    never.resolve();
    await stuck;
  });
});

Deno.test("Task: order is strict again once it is back from a foreign promise", async () => {
  const events: string[] = [];
  await run(async () => {
    async function work(name: string) {
      await foreign();
      for (let i = 0; i < 3; i++) {
        events.push(`${name} begins`);
        await (async () => await null)();
        events.push(`${name} ends`);
        await sleep(0);
      }
    }
    await gather([() => work("a"), () => work("b"), () => work("c")]);
  });
  assertEquals(events.length, 18);
  for (let i = 0; i < events.length; i += 2) {
    assertEquals(events[i + 1], events[i]!.replace("begins", "ends"));
  }
});

Deno.test("run(): several loops side by side keep their own order and their own tasks", async () => {
  const logs: Record<string, string[]> = {};
  const foreigners: Future<unknown>[] = [];

  async function main(name: string) {
    const loop = getRunningLoop();
    const log: string[] = logs[name] = [];
    const future = new Future();
    foreigners.push(future);

    async function work(part: string) {
      for (let i = 0; i < 3; i++) {
        log.push(`${part}${i}`);
        await sleep(0);
        assert(getRunningLoop() === loop);
        assert(currentTask()!.getLoop() === loop);
      }
    }

    await gather([() => work("a"), () => work("b")]);
    const other = foreigners.find((each) => each !== future);
    if (other !== undefined) {
      await assertRejects(async () => {
        await other;
      }, RuntimeError);
    }
  }

  await Promise.all(["x", "y", "z"].map((name) => run(() => main(name))));
  for (const name of ["x", "y", "z"]) {
    assertEquals(logs[name], ["a0", "b0", "a1", "b1", "a2", "b2"]);
  }
});

Deno.test("createTask() works on the default loop, at the top level of a program", async () => {
  const lock = new Lock();
  const events: string[] = [];

  async function work(name: string) {
    using _ = await lock.acquire();
    events.push(`${name} in ${currentTask()?.getName()}`);
    await sleep(0);
    events.push(`${name} out`);
  }

  const a = createTask(() => work("a"), { name: "A" });
  const b = createTask(() => work("b"), { name: "B" });
  await a;
  await b;
  await taskGroup((group) => {
    group.createTask(() => {
      events.push("in a group");
    });
  });
  const cancelled = createTask(() => sleep(3600));
  await sleep(0);
  cancelled.cancel();
  await assertRejects(() => cancelled, CancelledError);
  assertEquals(currentTask(), null);
  assertEquals(events, [
    "a in A",
    "a out",
    "b in B",
    "b out",
    "in a group",
  ]);
});

testEvents(
  "Task.cancel() by one branch is delivered in that branch, too, at its next await",
  ["goes on", "the other CancelledError(self)", "itself CancelledError(self)"],
  async (log) => {
    const task = createTask(async () => {
      async function branch(name: string, body: () => PromiseLike<void>) {
        try {
          await body();
        } catch (error) {
          log(`${name} ${say(error)}`);
          throw error;
        }
      }
      await Promise.all([
        branch("the other", () => sleep(10)),
        branch("itself", async () => {
          await sleep(0);
          currentTask()!.cancel("self");
          log("goes on");
          await sleep(10);
        }),
      ]);
    });
    await gather([task], { returnExceptions: true });
    await foreign();
  },
);

Deno.test("Task: two branches that begin to await form one step", async () => {
  await run(async () => {
    for (let i = 0; i < 20; i++) {
      const log: string[] = [];
      const hops = async (name: string) => {
        for (let i = 0; i < 3; i++) {
          log.push(name + i);
          await null;
        }
      };
      const future = new Future<void>();
      const b = createTask(async () => {
        await future;
        await hops("B");
      });
      await sleep(0);
      const a = createTask(async () => {
        const other = async () => {
          await sleep(0.0001);
        };
        const branch = async () => {
          const turn = sleep(0);
          future.setResult();
          await turn;
          await hops("A");
        };
        await Promise.all([other(), branch()]);
      });
      await gather([a, b]);
      assertEquals(log, ["A0", "A1", "A2", "B0", "B1", "B2"]);
    }
  });
});

Deno.test("Task: a circle through gather() gets a RuntimeError", async () => {
  await run(async () => {
    const task: Task<void> = createTask(async () => {
      await gather([task]);
    });
    await assertRejects(() => task.then(), RuntimeError, "awaits the task");
  });
});

Deno.test("Task: a long chain of tasks that await each other is not a circle", async () => {
  await run(async () => {
    let last = createTask(() => sleep(0.001));
    for (let i = 0; i < 20_000; i++) {
      const previous = last;
      last = createTask(async () => await previous);
    }
    await last;
  });
});

Deno.test("Task: a million steps do not delay a platform timer", async () => {
  await run(async () => {
    let fired = false;
    const id = setTimeout(() => fired = true, 0);
    let steps = 0;
    while (!fired && steps < 1_000_000) {
      await sleep(0);
      steps++;
    }
    clearTimeout(id);
    assert(fired, `No timer in ${steps} steps`);
  });
});

Deno.test("EventLoop.callSoon(): callbacks in turn do not delay a platform timer", async () => {
  await run(async () => {
    const loop = getRunningLoop();
    let fired = false;
    const id = setTimeout(() => fired = true, 0);
    const calls = await new Promise<number>((resolve) => {
      let calls = 0;
      const again = () => {
        if (fired || ++calls === 1_000_000) resolve(calls);
        else loop.callSoon(again);
      };
      again();
    });
    clearTimeout(id);
    assert(fired, `No timer in ${calls} calls`);
  });
});
