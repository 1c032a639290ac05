// Copyright 2026 the asyncio for Deno authors. MIT license.

import { DENO_HOST, type Host, type ReadyEntries } from "./host.ts";
import { AsyncLocalStorage } from "node:async_hooks";
import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { recordExceptions } from "../../tests/doubles/exceptions.ts";
import { FakeHost, newVirtualLoop } from "../../tests/doubles/fake_host.ts";
import {
  createTask,
  currentTask,
  gather,
  run,
  sleep,
} from "../../tasks/mod.ts";
import {
  type EventLoop,
  Future,
  getEventLoop,
  getRunningLoop,
  newEventLoop,
} from "../mod.ts";
import { defaultScheduler, Scheduler, schedulerOf } from "./scheduler.ts";
import { runStep } from "./call.ts";

/** Runs `main` on a loop of `host`. */
function runOn<T>(host: FakeHost, main: () => Promise<T>): Promise<T> {
  return run(main, { loopFactory: () => newVirtualLoop(host) });
}

/** Two tasks that wake each other in turn until one stops. */
async function keepBusy(until: () => boolean): Promise<number> {
  let switches = 0;
  await gather([0, 1].map(() => async () => {
    while (!until()) {
      switches++;
      await sleep(0);
    }
  }));
  return switches;
}

Deno.test("Scheduler lets I/O run after a slice of busy tasks", async () => {
  const host = new FakeHost();
  // Each look at the clock takes a quarter of a slice.
  host.tick = 0.00025;
  await runOn(host, async () => {
    await keepBusy(() => host.turnsForIo >= 3);
  });
  assert(host.turnsForIo >= 3);
});

Deno.test("Scheduler does not leave off while a slice lasts", async () => {
  const host = new FakeHost();
  await runOn(host, async () => {
    let rounds = 0;
    await keepBusy(() => ++rounds > 5000);
  });
  assertEquals(host.turnsForIo, 0);
});

Deno.test("Scheduler lets callbacks that make callbacks starve nothing", async () => {
  const host = new FakeHost();
  host.tick = 0.00025;
  await runOn(host, async () => {
    const loop = getRunningLoop();
    const done = new Future<void>();
    let timerCalls = 0;
    loop.callLater(0.01, () => timerCalls++);
    const again = () => {
      if (host.turnsForIo >= 2 && timerCalls > 0) done.setResult();
      else loop.callSoon(again);
    };
    again();
    await done;
  });
  assert(host.turnsForIo >= 2);
});

Deno.test("Scheduler lets the host's own timers and I/O in while tasks are busy", async () => {
  await run(async () => {
    let timers = 0;
    let reads = 0;
    const timer = setTimeout(() => timers++);
    const reading = Deno.readFile(new URL(import.meta.url)).then(() => reads++);
    await keepBusy(() => timers > 0 && reads > 0);
    clearTimeout(timer);
    await reading;
    assertEquals([timers, reads], [1, 1]);
  });
});

Deno.test("Scheduler lets I/O in while several loops are busy", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  using client = await Deno.connect({ hostname, port });
  using server = await listener.accept();
  const memory = new Uint8Array(1);
  let isOver = false;
  const exchanging = (async () => {
    for (let i = 0; i < 20; i++) {
      const reading = server.read(memory);
      await new Promise((resolve) => setImmediate(resolve));
      await client.write(memory);
      await reading;
    }
    isOver = true;
  })();
  let waits = 0;
  const host = {
    ...DENO_HOST,
    macrotask(callback: () => void, afterIo: boolean) {
      if (afterIo) waits++;
      DENO_HOST.macrotask(callback, afterIo);
    },
  };
  const loops = [newVirtualLoop(host), newVirtualLoop(host)];
  await Promise.all(
    loops.map((loop) => loop.runUntilComplete(() => keepBusy(() => isOver))),
  );
  await exchanging;
  for (const loop of loops) loop.close();
  // About one wait of each loop for each byte.
  assert(waits < 500, `${waits} waits`);
});

Deno.test("Scheduler lets a busy loop go on while others begin all the time", async () => {
  const runs: Promise<void>[] = [];
  let isOver = false;
  const beginning = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      runs.push(run(() => {}));
    }
  })();
  const switches = await run(() =>
    keepBusy(() => isOver ||= runs.length > 1000)
  );
  assertGreater(switches, runs.length);
  await beginning;
  await Promise.all(runs);
});

Deno.test("Scheduler lets timers have their turn while tasks are busy", async () => {
  await run(async () => {
    let due = false;
    getRunningLoop().callLater(0.002, () => due = true);
    assertGreater(await keepBusy(() => due), 1);
  });
});

Deno.test("Scheduler does not wait for a task that awaits a promise which never settles", async () => {
  const host = new FakeHost();
  const calls: string[] = [];
  const loop = newVirtualLoop(host);
  loop.setExceptionHandler(() => {});
  await loop.runUntilComplete(async () => {
    createTask(async () => {
      calls.push("stuck");
      await new Promise(() => {});
      calls.push("never");
    });
    await sleep(0);
    calls.push("goes on");
    await sleep(1);
    calls.push("timers too");
  });
  assertEquals(calls, ["stuck", "goes on", "timers too"]);
  loop.close();
});

Deno.test("Scheduler makes a task that returns from a foreign promise the open step", async () => {
  await run(async () => {
    const calls: string[] = [];
    const task = createTask(async () => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      calls.push("back");
      getRunningLoop().callSoon(() => calls.push("callback"));
      for (let i = 0; i < 5; i++) await Promise.resolve();
      calls.push("same step");
      await sleep(0);
      calls.push("next step");
    });
    await task;
    assertEquals(calls, ["back", "same step", "callback", "next step"]);
  });
});

Deno.test("Scheduler keeps a step whole however deep its awaits", async () => {
  await run(async () => {
    const calls: string[] = [];
    const deep = async (depth: number): Promise<void> => {
      if (depth > 0) return await deep(depth - 1);
      await Promise.resolve();
    };
    const worker = async (name: string) => {
      for (let i = 0; i < 3; i++) {
        calls.push(`${name} begins`);
        await deep(20);
        calls.push(`${name} ends`);
        await sleep(0);
      }
    };
    await gather([() => worker("a"), () => worker("b")]);
    const round = ["a begins", "a ends", "b begins", "b ends"];
    assertEquals(calls, [...round, ...round, ...round]);
  });
});

Deno.test("Scheduler goes on after an entry that throws, and reports it", async () => {
  const loop = newVirtualLoop();
  const contexts = recordExceptions(loop);
  const failure = new Error("of the entry");
  const log: string[] = [];
  await run(async () => {
    const scheduler = schedulerOf(loop);
    scheduler.enqueue({
      [runStep]() {
        throw failure;
      },
    });
    loop.callSoon(() => log.push("next"));
    await sleep(1);
    log.push("main");
  }, { loopFactory: () => loop });
  assertEquals(log, ["next", "main"]);
  assertEquals(contexts.map(({ exception }) => exception), [failure]);
});

Deno.test("Scheduler goes on after an entry that begins a step and throws", async () => {
  const loop = newVirtualLoop();
  const contexts = recordExceptions(loop);
  const log: string[] = [];
  await run(async () => {
    const scheduler = schedulerOf(loop);
    createTask(async () => {
      await sleep(0);
      log.push("task");
    });
    const [taskState] = scheduler.unfinished();
    scheduler.enqueue({
      [runStep]() {
        scheduler.opened(taskState!);
        throw new Error("of the entry");
      },
    });
    loop.callSoon(() => log.push(`next, ${scheduler.isOpen(taskState!)}`));
    await sleep(1);
    log.push("main");
  }, { loopFactory: () => loop });
  assertEquals(log.toSorted(), ["main", "next, false", "task"]);
  assertEquals(contexts.length, 1);
});

Deno.test("Scheduler does not re-enter the user's code", async () => {
  await run(async () => {
    const calls: string[] = [];
    const future = new Future<void>();
    createTask(async () => {
      await future;
      calls.push("woken");
    });
    await sleep(0);
    getRunningLoop().callSoon(() => calls.push("callback"));
    future.setResult();
    future.then(() => {});
    calls.push("still here");
    await sleep(0);
    await sleep(0);
    assertEquals(calls, ["still here", "callback", "woken"]);
  });
});

Deno.test("Scheduler sets one host timer for all timers, to the earliest", async () => {
  const host = new FakeHost();
  await runOn(host, async () => {
    const loop = getRunningLoop();
    const calls: number[] = [];
    for (const delay of [3, 1, 2]) {
      loop.callLater(delay, () => calls.push(loop.time()));
    }
    await sleep(4);
    assertEquals(calls, [1, 2, 3]);
    assertEquals(host.delays, [1, 1, 1, 1]);
  });
  assertEquals(host.pendingTimers, 0);
});

Deno.test("Scheduler sets the host timer anew for an earlier timer from outside", async () => {
  const loop = newEventLoop();
  const stopped = loop.runForever();
  const calls: string[] = [];
  const late = loop.callLater(3600, () => calls.push("late"));
  await new Promise((resolve) => setTimeout(resolve));
  loop.callLater(0.001, () => {
    calls.push("early");
    loop.stop();
  });
  await stopped;
  assertEquals(calls, ["early"]);
  late.cancel();
  loop.close();
});

Deno.test("Scheduler clears the host timer of what was cancelled before it lets I/O in", async () => {
  let pending = 0;
  const pendingForIo: number[] = [];
  const host: Host = {
    now: DENO_HOST.now,
    macrotask(callback, afterIo) {
      if (afterIo) pendingForIo.push(pending);
      DENO_HOST.macrotask(callback, afterIo);
    },
    timer(callback, delay) {
      pending++;
      const cancel = DENO_HOST.timer(callback, delay);
      return () => {
        pending--;
        cancel();
      };
    },
  };
  await run(async () => {
    const later = getRunningLoop().callLater(60, () => {});
    await new Promise((resolve) => setImmediate(resolve));
    assertEquals(pending, 1);
    await sleep(0);
    later.cancel();
    pendingForIo.length = 0;
    await keepBusy(() => pendingForIo.length > 0);
  }, { loopFactory: () => new Scheduler(host).loop });
  assertEquals(pendingForIo, [0]);
});

Deno.test("Scheduler reaches deadlines beyond what the host's timers reach", async () => {
  const host = new FakeHost();
  // As `setTimeout()`: it calls back early, and must be asked again.
  const longest = 2 ** 31 / 1000;
  const timer = host.timer.bind(host);
  host.timer = (callback, delay) => timer(callback, Math.min(delay, longest));
  const month = 30 * 24 * 3600;
  await runOn(host, async () => {
    await sleep(month);
    assertEquals(getRunningLoop().time(), month);
  });
  assertEquals(host.delays.length, 2);
});

Deno.test("DENO_HOST.timer() asks the host for no longer delay than it can", () => {
  const delays: unknown[] = [];
  const { setTimeout } = globalThis;
  const put = (fn: unknown) => Object.assign(globalThis, { setTimeout: fn });
  put((_: unknown, delay: number) => void delays.push(delay));
  try {
    for (const delay of [0, 0.0001, 1.5, 1e9, Infinity]) {
      DENO_HOST.timer(() => {}, delay);
    }
  } finally {
    put(setTimeout);
  }
  assertEquals(delays, [0, 1, 1500, 2 ** 31 - 1, 2 ** 31 - 1]);
});

Deno.test("DENO_HOST.timer() can be cancelled", () => {
  const cancel = DENO_HOST.timer(() => {}, 3600);
  // The sanitizer would find the timer.
  cancel();
});

Deno.test("Scheduler takes the entry that its host chooses", async () => {
  const host = Object.assign(new FakeHost(), {
    sizes: [] as number[],
    choose({ size }: ReadyEntries): number {
      this.sizes.push(size);
      return size - 1;
    },
  });
  const loop = newVirtualLoop(host);
  const calls: string[] = [];
  for (const name of ["a", "b", "c"]) {
    loop.callSoon(() => {
      calls.push(name);
      loop.callSoon(() => calls.push(`${name} again`));
      if (name === "a") loop.stop();
    });
  }
  await loop.runForever();
  // What a callback asks for is ready at once; the loop stops after as many entries as there were.
  assertEquals(calls, ["c", "c again", "b", "b again", "a"]);
  assertEquals(host.sizes, [3, 3, 2, 2, 1]);
  loop.close();
});

Deno.test("Scheduler runs side by side with others, each with its own time and tasks", async () => {
  const loops = [newVirtualLoop(), newVirtualLoop(), newEventLoop()];
  const delays = [1000, 2, 0.001];
  const seen = await Promise.all(
    loops.map((loop, index) =>
      loop.runUntilComplete(async () => {
        const before = loop.time();
        await sleep(delays[index]!);
        assertStrictEquals(getRunningLoop(), loop);
        assertStrictEquals(currentTask()?.getLoop(), loop);
        return loop.time() - before >= delays[index]!;
      })
    ),
  );
  assertEquals(seen, [true, true, true]);
  assertEquals(loops[0]!.time(), 1000);
  assertEquals(loops[1]!.time(), 2);
  for (const loop of loops) loop.close();
});

Deno.test("Scheduler takes callbacks and tasks from another loop's code", async () => {
  const other = newEventLoop();
  const stopped = other.runForever();
  await run(async () => {
    const loop = getRunningLoop();
    const seen: EventLoop[] = [];
    const done = Promise.withResolvers<void>();
    other.callSoon(() => seen.push(getRunningLoop()));
    other.createTask(async () => {
      await sleep(0);
      seen.push(getRunningLoop());
      done.resolve();
    });
    await done.promise;
    assertEquals(seen.length, 2);
    for (const each of seen) assertStrictEquals(each, other);
    assertStrictEquals(getRunningLoop(), loop);
  });
  other.stop();
  await stopped;
  other.close();
});

Deno.test("Scheduler keeps the user's async contexts apart through thousands of switches", async () => {
  await run(async () => {
    const storage = new AsyncLocalStorage<number>();
    const wrong: number[] = [];
    await gather(
      Array.from({ length: 20 }, (_, id) => () =>
        storage.run(id, async () => {
          for (let i = 0; i < 100; i++) {
            await sleep(0);
            if (storage.getStore() !== id) wrong.push(id);
          }
        })),
    );
    assertEquals(wrong, []);
  });
});

Deno.test("Scheduler goes through a thousand loops without mixing them up", async () => {
  for (let i = 0; i < 1000; i++) {
    const loop = newEventLoop();
    const running = await loop.runUntilComplete(() => [getRunningLoop()]);
    assertStrictEquals(running[0], loop);
    loop.close();
  }
});

Deno.test("Scheduler can be stopped while a task awaits something foreign, and run again", async () => {
  const loop = newEventLoop();
  const foreign = Promise.withResolvers<string>();
  const task = loop.createTask(() => foreign.promise);
  loop.callSoon(() => loop.stop());
  await loop.runForever();
  foreign.resolve("foreign");
  await new Promise((resolve) => setImmediate(resolve));
  assertEquals(await loop.runUntilComplete(task), "foreign");
  loop.close();
});

Deno.test("Scheduler that does not run keeps what is scheduled", async () => {
  const loop = newVirtualLoop();
  const calls: string[] = [];
  loop.callSoon(() => calls.push("soon"));
  loop.callLater(1, () => calls.push("later"));
  loop.createTask(() => void calls.push("task"));
  await new Promise((resolve) => setImmediate(resolve));
  assertEquals(calls, []);
  await loop.runUntilComplete(() => sleep(2));
  assertEquals(calls, ["soon", "task", "later"]);
  loop.close();
});

Deno.test("Scheduler.loop is made once", () => {
  const scheduler = new Scheduler();
  const { loop } = scheduler;
  assertStrictEquals(scheduler.loop, loop);
  assertStrictEquals(schedulerOf(loop), scheduler);
  assertFalse(loop.isRunning());
  loop.close();
});

Deno.test("schedulerOf() refuses values other than loops", () => {
  assertThrows(
    () => schedulerOf("loop" as unknown as EventLoop),
    TypeError,
    'The loop must be an EventLoop: received "loop"',
  );
});

Deno.test("defaultScheduler() is one, and runs", () => {
  assertStrictEquals(defaultScheduler(), defaultScheduler());
  assert(defaultScheduler().running);
  assertStrictEquals(defaultScheduler().loop, getEventLoop());
});

Deno.test("Scheduler.onStepEnd() runs between two entries, or at once if none runs", async () => {
  const events: string[] = [];
  const hook = { run: () => events.push("hook") };
  await run(async () => {
    const scheduler = schedulerOf(getRunningLoop());
    getRunningLoop().callSoon(() => events.push("next entry"));
    scheduler.onStepEnd(hook);
    events.push("step");
    const done = new Future<void>();
    done.setResult();
    await done;
    events.push("same step");
    await sleep(0);
  });
  assertEquals(events, ["step", "same step", "hook", "next entry"]);

  events.length = 0;
  const idle = new Scheduler(new FakeHost(), { running: true });
  idle.onStepEnd(hook);
  events.push("after");
  assertEquals(events, ["hook", "after"]);
});

Deno.test("Scheduler.onStepEnd() has its turn while a task awaits something foreign", async () => {
  const events: string[] = [];
  await run(async () => {
    const foreign = Promise.withResolvers<void>();
    schedulerOf(getRunningLoop()).onStepEnd({ run: () => foreign.resolve() });
    await foreign.promise;
    events.push("resolved");
  });
  assertEquals(events, ["resolved"]);
});
