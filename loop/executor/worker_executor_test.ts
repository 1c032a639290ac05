// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  BrokenExecutor,
  CancelledError,
  createTask,
  Event,
  type Future,
  gather,
  getRunningLoop,
  newEventLoop,
  run,
  RuntimeError,
  timeout,
  WorkerExecutor,
} from "../../mod.ts";
import { recordExceptions } from "../../tests/doubles/exceptions.ts";
import { turns } from "../../tests/doubles/recorder.ts";
import { countingWorkers, held } from "../../tests/doubles/workers.ts";
import { type Jobs, withJobs } from "../../tests/doubles/with_jobs.ts";

/** Runs a test with an executor and shuts it down. */
function withPool(
  body: (pool: WorkerExecutor) => Promise<void>,
  maxWorkers = 1,
): () => Promise<void> {
  return () =>
    run(async () => {
      await using pool = new WorkerExecutor({ maxWorkers });
      await body(pool);
    });
}

/** Starts a job that runs until it is released. */
async function hold(pool: WorkerExecutor): Promise<{
  job: Future<string>;
  letGo: Event;
}> {
  const begun = new Event();
  const letGo = new Event();
  const job = pool.submit(held, () => begun.set(), () => letGo.wait());
  await begun.wait();
  return { job, letGo };
}

Deno.test(
  "WorkerExecutor.submit() runs self-contained functions of all kinds",
  withPool(async (pool) => {
    function declared(a: number, b: number): number {
      return a - b;
    }
    const methods = {
      shorthand(a: number) {
        return a + 1;
      },
      async later(a: number) {
        return await Promise.resolve(a + 2);
      },
      "a quoted name": (a: number) => a + 3,
      async() {
        return "async";
      },
      function() {
        return "function";
      },
    };
    assertEquals(await pool.submit(declared, 3, 1), 2);
    assertEquals(await pool.submit((a: string) => a + "!", "arrow"), "arrow!");
    assertEquals(await pool.submit(async (a) => await a, 5), 5);
    assertEquals(await pool.submit(methods.shorthand, 1), 2);
    assertEquals(await pool.submit(methods.later, 1), 3);
    assertEquals(await pool.submit(methods["a quoted name"], 1), 4);
    assertEquals(await pool.submit(methods.async), "async");
    assertEquals(await pool.submit(methods.function), "function");
    assertEquals(await pool.submit(() => undefined), undefined);
  }),
);

Deno.test(
  "WorkerExecutor.submit() distinguishes functions of the same name",
  withPool(async (pool) => {
    const one = [1, 2].map((n) =>
      n === 1
        ? function same() {
          return "one";
        }
        : function same() {
          return "two";
        }
    );
    assertEquals(await pool.submit(one[0]!), "one");
    assertEquals(await pool.submit(one[1]!), "two");
    assertEquals(await pool.submit(one[0]!), "one");
  }),
);

Deno.test(
  "WorkerExecutor.submit() rejects functions that cannot be sent as source",
  withPool(async (pool) => {
    class Account {
      #balance = 1;
      read() {
        return this.#balance;
      }
    }
    const refused: [unknown, string][] = [
      [Math.max, '"max", a bound or native function'],
      [held.bind(null), "a bound or native function"],
      [Account, '"Account", a class'],
      [function* () {}, "a generator function"],
      [async function* () {}, "a generator function"],
      [new Account().read, "a function that depends on its surroundings"],
      [() => import.meta.url, "a function that depends on its surroundings"],
      [42, "The function of a job must be a function: received 42"],
      [null, "received null"],
      [undefined, "received undefined"],
      ["add", "no module"],
    ];
    for (const [fn, message] of refused) {
      assertThrows(() => pool.submit(fn as () => void), TypeError, message);
    }
    await Promise.resolve();
  }),
);

Deno.test(
  "WorkerExecutor.submit() explains how to pass an outer variable",
  withPool(async (pool) => {
    const outer = 1;
    const error = await assertRejects(
      () => pool.submit(() => outer + 1),
      ReferenceError,
      'Cannot find "outer" in the worker',
    );
    assertStringIncludes(error.message, "Pass it as an argument");
    assertStringIncludes(error.message, "WorkerExecutor");
    assertInstanceOf(error.cause, ReferenceError);
  }),
);

Deno.test(
  "WorkerExecutor.submit() calls an exported function by name",
  withJobs(async (pool) => {
    assertEquals(await pool.submit("add", 1, 2), 3);
    assertEquals(await pool.submit("add", 1), 2);
    assertEquals(await pool.submit("addLater", 1, 2), 3);
    assertEquals(await pool.submit("default", "text"), "default text");
    const sum: number = await getRunningLoop().runInExecutor(pool, "add", 3, 4);
    assertEquals(sum, 7);
    assertEquals(await pool.run("add", [5, 6]), 11);
  }),
);

Deno.test(
  "WorkerExecutor.submit() accepts self-contained functions with a module",
  withJobs(async (pool) => {
    assertEquals(await pool.submit((n: number) => n * 2, 4), 8);
  }),
);

Deno.test(
  "WorkerExecutor.submit() loads a module once for each worker",
  withJobs(async (pool) => {
    assertEquals(await pool.submit("countCalls"), 1);
    assertEquals(await pool.submit("countCalls"), 2);
  }),
);

Deno.test(
  "WorkerExecutor.submit() checks names and arguments by the type of the module",
  withJobs(async (pool) => {
    // @ts-expect-error -- not an export
    const none = pool.submit("subtract", 1);
    // @ts-expect-error -- not a function
    const constant = pool.submit("answer");
    // @ts-expect-error -- a class
    const machine = pool.submit("Machine");
    // @ts-expect-error -- not a number
    const wrong = pool.submit("add", "1");
    // @ts-expect-error -- an argument is missing
    const missing = getRunningLoop().runInExecutor(pool, "addLater", 1);
    await assertRejects(() => none, TypeError, "is not exported");
    await assertRejects(() => constant, TypeError, "which is a number");
    await assertRejects(() => machine, TypeError, "Class constructor");
    assertEquals(await wrong as unknown, "11");
    assertEquals(await missing, NaN);
  }),
);

Deno.test("WorkerExecutor.submit() rejects if the module cannot be loaded", () =>
  run(async () => {
    for (
      const [url, message] of [
        [new URL("missing.ts", import.meta.url), "missing.ts"],
        ["data:text/javascript,export const a =", "Expression expected"],
        ["data:text/javascript,throw new Error('at load')", "at load"],
      ] as const
    ) {
      await using pool = new WorkerExecutor<Jobs>(url);
      await assertRejects(
        () => pool.submit("add", 1),
        TypeError,
        "Cannot load the module of the executor",
      );
      await assertRejects(() => pool.submit("add", 1), TypeError, message);
      assertEquals(await pool.submit(() => 1), 1);
    }
  }));

Deno.test("WorkerExecutor() validates its arguments", () => {
  assertThrows(
    () => new WorkerExecutor("./jobs.ts"),
    TypeError,
    "absolute URL",
  );
  for (const maxWorkers of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(
      () => new WorkerExecutor({ maxWorkers }),
      RangeError,
      `received ${maxWorkers}`,
    );
  }
  assertThrows(
    () => new WorkerExecutor({ maxWorkers: "2" as never }),
    TypeError,
    'received "2"',
  );
});

Deno.test(
  "WorkerExecutor.submit() names the argument that cannot be cloned",
  withPool(async (pool) => {
    const ignore = (..._args: unknown[]) => {};
    assertThrows(
      () => pool.submit(ignore, 1, { nested: () => {} }, 3),
      TypeError,
      "argument 2 is not",
    );
    assertThrows(
      () => pool.submit(ignore, Symbol("s")),
      TypeError,
      "argument 1 is not",
    );
    const { job, letGo } = await hold(pool);
    assertThrows(
      () => pool.submit(ignore, 1, 2, new WeakMap()),
      TypeError,
      "argument 3 is not",
    );
    letGo.set();
    assertEquals(await job, "let go");
    assertEquals(await pool.submit(() => "still works"), "still works");
  }),
);

Deno.test(
  "WorkerExecutor.submit() copies the arguments at the time of the call",
  withPool(async (pool) => {
    const list = [1];
    const now = pool.submit((list: number[]) => list, list);
    const later = pool.submit((list: number[]) => list, list);
    list.push(2);
    assertEquals(await now, [1]);
    assertEquals(await later, [1]);
  }),
);

Deno.test(
  "WorkerExecutor.run() transfers buffers, immediately or from the queue",
  withPool(async (pool) => {
    const size = (bytes: Uint8Array) => bytes.length;
    const one = new Uint8Array(8);
    const other = new Uint8Array(9);
    const now = pool.run(size, [one], { transfer: [one.buffer] });
    const later = pool.run(size, [other], { transfer: [other.buffer] });
    assertEquals([one.length, other.length], [0, 0]);
    assertEquals(await gather([now, later]), [8, 9]);
    assertEquals(await pool.run(size, [new Uint8Array(10)]), 10);
  }),
);

Deno.test(
  "WorkerExecutor.run() rejects arguments that are not an array",
  withPool(async (pool) => {
    for (const args of [null, undefined, 1, "ab"]) {
      assertThrows(
        () => pool.run(() => {}, args as never),
        TypeError,
        "The arguments of a job must be an array: received",
      );
    }
    await Promise.resolve();
  }),
);

Deno.test(
  "WorkerExecutor.run() transfers nothing if an argument cannot be cloned",
  withPool(async (pool) => {
    const bytes = new Uint8Array(8);
    assertThrows(
      () =>
        pool.run((..._: unknown[]) => {}, [{ bytes }, { no: () => {} }], {
          transfer: [bytes.buffer],
        }),
      TypeError,
      "argument 2 is not",
    );
    assertEquals(bytes.length, 8);
    assertThrows(
      () => pool.run(() => {}, [], { transfer: [{} as Transferable] }),
      TypeError,
      "The arguments of a job must be cloneable",
    );
    await Promise.resolve();
  }),
);

Deno.test(
  "WorkerExecutor.run() transfers ports, immediately or from the queue",
  withPool(async (pool) => {
    const speak = (port: MessagePort, text: string) => port.postMessage(text);
    const messages = ["now", "later"].map((text) => {
      const { port1, port2 } = new MessageChannel();
      const message = new Promise((resolve) => {
        port1.onmessage = ({ data }) => {
          port1.close();
          resolve(data);
        };
      });
      pool.run(speak, [port2, text], { transfer: [port2] });
      return message;
    });
    assertEquals(await Promise.all(messages), ["now", "later"]);
  }),
);

Deno.test("WorkerExecutor fails a waiting job if its worker cannot be started", () =>
  countingWorkers(() =>
    run(async () => {
      await using pool = new WorkerExecutor({ maxWorkers: 1 });
      const begun = new Event();
      const jobs = [
        pool.submit(async (begun: () => unknown) => {
          await begun();
          Deno.exit();
        }, () => begun.set()),
        pool.submit(() => 1),
        pool.submit(() => 2),
      ];
      await begun.wait();
      const Counting = Worker;
      globalThis.Worker = new Proxy(Counting, {
        construct() {
          throw new Deno.errors.WouldBlock("no threads left");
        },
      });
      const [first, ...rest] = await gather(jobs, { returnExceptions: true });
      assertInstanceOf(first, BrokenExecutor);
      for (const each of rest) assertInstanceOf(each, Deno.errors.WouldBlock);
      assertThrows(() => pool.submit(() => 1), Deno.errors.WouldBlock);
      globalThis.Worker = Counting;
      assertEquals(await pool.submit(() => 3), 3);
    })
  ));

Deno.test(
  "WorkerExecutor.run() transfers results with transferResults",
  withPool(async (pool) => {
    const make = () => {
      const scope = globalThis as { last?: unknown };
      const bytes = new Uint8Array([1, 2, 3]);
      scope.last = bytes;
      return { nested: new Map([["bytes", [bytes, bytes]]]), same: bytes };
    };
    const left = () =>
      (globalThis as unknown as { last: Uint8Array }).last.length;
    const copied = await pool.submit(make);
    assertEquals(copied.same, new Uint8Array([1, 2, 3]));
    assertEquals(await pool.submit(left), 3);
    const moved = await pool.run(make, [], { transferResults: true });
    assertEquals(moved.same, new Uint8Array([1, 2, 3]));
    assertStrictEquals(moved.nested.get("bytes")![0], moved.same);
    assertEquals(await pool.submit(left), 0);
  }),
);

Deno.test("WorkerExecutor() transfers all results with transferResults", () =>
  run(async () => {
    await using pool = new WorkerExecutor({
      maxWorkers: 1,
      transferResults: true,
    });
    const make = () =>
      (globalThis as { last?: unknown }).last = new Uint8Array(3);
    const left = () =>
      (globalThis as unknown as { last: Uint8Array }).last.length;
    assertEquals((await pool.submit(make)).length, 3);
    assertEquals(await pool.submit(left), 0);
    await pool.run(make, [], { transferResults: false });
    assertEquals(await pool.submit(left), 3);
  }));

Deno.test("WorkerExecutor starts a worker only when all others are busy", () =>
  countingWorkers((count) =>
    run(async () => {
      await using pool = new WorkerExecutor({ maxWorkers: 2, name: "crew" });
      const name = () => self.name;
      assertEquals(count.started, 0);
      assertEquals(await pool.submit(name), "crew_0");
      assertEquals(await pool.submit(name), "crew_0");
      assertEquals(count.started, 1);
      const first = await hold(pool);
      const second = await hold(pool);
      const third = pool.submit(name);
      assertEquals(count.started, 2);
      first.letGo.set();
      assertEquals(await third, "crew_0");
      second.letGo.set();
      await second.job;
      // The one that was used last.
      assertEquals(await pool.submit(name), "crew_1");
      assertEquals([count.started, count.alive], [2, 2]);
      await pool.shutdown();
      assertEquals(count.alive, 0);
    })
  ));

Deno.test("WorkerExecutor starts as many workers as there are processors by default", () =>
  countingWorkers((count) =>
    run(async () => {
      await using pool = new WorkerExecutor();
      const jobs = Array.from(
        { length: navigator.hardwareConcurrency + 1 },
        () => pool.submit(() => 1),
      );
      assertEquals(count.started, navigator.hardwareConcurrency);
      await gather(jobs);
    })
  ));

Deno.test(
  "WorkerExecutor runs waiting jobs in FIFO order",
  withPool(async (pool) => {
    const order: number[] = [];
    await gather(
      [1, 2, 3, 4, 5].map((n) =>
        createTask(async () => void order.push(await pool.submit((n) => n, n)))
      ),
    );
    assertEquals(order, [1, 2, 3, 4, 5]);
  }),
);

Deno.test(
  "WorkerExecutor drops a waiting job that is cancelled",
  withPool(async (pool) => {
    const { job, letGo } = await hold(pool);
    const ran: string[] = [];
    const note = async (note: (what: string) => unknown, what: string) => {
      await note(what);
    };
    const dropped = pool.submit(note, (what) => ran.push(what), "dropped");
    const done = pool.submit(note, (what) => ran.push(what), "done");
    assertEquals(dropped.cancel(), true);
    assertEquals(dropped.cancelled(), true);
    letGo.set();
    await gather([job, done]);
    assertEquals(ran, ["done"]);
  }),
);

Deno.test("WorkerExecutor lets a running job continue when its future is cancelled", () =>
  countingWorkers((count) =>
    run(async () => {
      await using pool = new WorkerExecutor({ maxWorkers: 1 });
      const begun = new Event();
      const letGo = new Event();
      let reached = false;
      const task = createTask(() =>
        pool.submit(
          async (begun, go, reach) => {
            await begun();
            await go();
            await reach();
          },
          () => begun.set(),
          () => letGo.wait(),
          () => void (reached = true),
        )
      );
      await begun.wait();
      task.cancel("no longer wanted");
      await assertRejects(() => task, CancelledError, "no longer wanted");
      assertEquals(reached, false);
      const next = pool.submit(() => "next");
      letGo.set();
      assertEquals(await next, "next");
      assertEquals([reached, count.started], [true, 1]);
    })
  ));

Deno.test("WorkerExecutor() with terminateOnCancel terminates the worker of a cancelled job", () =>
  countingWorkers((count) =>
    run(async () => {
      await using pool = new WorkerExecutor({
        maxWorkers: 1,
        terminateOnCancel: true,
      });
      const begun = new Event();
      const endless = pool.submit(
        async (begun) => {
          await begun();
          // It computes for a limited time, since Deno would let it continue.
          for (const end = Date.now() + 300; Date.now() < end;);
          return "never heard";
        },
        () => begun.set(),
      );
      const next = pool.submit(() => "next");
      await begun.wait();
      endless.cancel();
      await assertRejects(() => endless, CancelledError);
      assertEquals(await next, "next");
      assertEquals([count.started, count.alive], [2, 1]);
      // A waiting job does not cause one.
      const { job, letGo } = await hold(pool);
      pool.submit(() => {}).cancel();
      await turns();
      letGo.set();
      assertEquals(await job, "let go");
      assertEquals(count.started, 2);
    })
  ));

Deno.test(
  "WorkerExecutor.run() with terminateOnCancel terminates the worker",
  withPool(async (pool) => {
    const begun = new Event();
    const endless = pool.run(
      async (begun) => {
        await begun();
        for (const end = Date.now() + 300; Date.now() < end;);
        return "never heard";
      },
      [() => begun.set()],
      { terminateOnCancel: true },
    );
    await begun.wait();
    endless.cancel();
    assertEquals(await pool.submit(() => "next"), "next");
  }),
);

const DEATHS: Record<string, [() => unknown, string]> = {
  "Deno.exit()": [() => Deno.exit(3), "Deno.exit(3) was called"],
  "self.close()": [
    () => (self as unknown as { close(): void }).close(),
    "self.close() was called",
  ],
  "process.exit()": [
    async () => {
      (await import("node:process")).default.exit(4);
    },
    "was called",
  ],
  "an error in a timer": [
    () =>
      new Promise(() =>
        setTimeout(() => {
          throw new RangeError("in a timer");
        })
      ),
    "an error was not caught",
  ],
  "undefined thrown in a timer": [
    () =>
      new Promise(() =>
        setTimeout(() => {
          throw undefined;
        })
      ),
    "an error was not caught",
  ],
  "an unhandled rejection": [
    () => {
      Promise.reject(new RangeError("left alone"));
      return new Promise(() => {});
    },
    "a promise rejection was not handled",
  ],
};

for (const [name, [die, reason]] of Object.entries(DEATHS)) {
  Deno.test(`WorkerExecutor fails the job and replaces the worker after ${name}`, () =>
    countingWorkers((count) =>
      run(async () => {
        await using pool = new WorkerExecutor({ maxWorkers: 1 });
        const job = pool.submit(die);
        const next = pool.submit(() => self.name);
        const error = await assertRejects(() => job, BrokenExecutor, reason);
        assertStringIncludes(error.message, "asyncio_0");
        if (name.includes("timer") || name.includes("rejection")) {
          assert("cause" in error);
        }
        assertEquals(await next, "asyncio_1");
        assertEquals([count.started, count.alive], [2, 1]);
      })
    ));
}

Deno.test("WorkerExecutor reports failures of what a job left running", () =>
  countingWorkers((count) =>
    run(async () => {
      const loop = getRunningLoop();
      const contexts = recordExceptions(loop);
      const reported = new Event();
      const remember = loop.getExceptionHandler()!;
      loop.setExceptionHandler((loop, context) => {
        remember(loop, context);
        reported.set();
      });
      await using pool = new WorkerExecutor({ maxWorkers: 1 });
      await pool.submit(() => {
        setTimeout(() => {
          throw new RangeError("too late");
        });
      });
      // An idle worker does not keep the program alive.
      await timeout(60, () => reported.wait());
      assertEquals(contexts.length, 1);
      const { exception } = contexts[0]!;
      assertInstanceOf(exception, BrokenExecutor);
      assertEquals((exception.cause as Error).message, "too late");
      assertEquals(count.alive, 0);
      assertEquals(await pool.submit(() => self.name), "asyncio_1");
    })
  ));

const HOSTILE: Record<string, () => unknown> = {
  "posts messages": () => {
    for (const message of ["garbage", { kind: "done", outcome: {} }, null]) {
      try {
        // deno-lint-ignore no-explicit-any -- what a hostile job would do
        (globalThis as any).postMessage(message);
      } catch {
        // As expected.
      }
    }
  },
  "dispatches messages": () => {
    const data = { kind: "job", fn: { source: "() => 1", name: "x" } };
    globalThis.dispatchEvent(new MessageEvent("message", { data }));
  },
  "listens to messages": () => {
    const stop = (event: globalThis.Event) => event.stopImmediatePropagation();
    globalThis.addEventListener("message", stop);
    // deno-lint-ignore no-explicit-any -- as above
    (globalThis as any).onmessage = stop;
  },
  "takes functions away": () => {
    for (const key of ["postMessage", "close", "eval", "structuredClone"]) {
      Reflect.deleteProperty(globalThis, key);
    }
    Reflect.deleteProperty(Deno, "exit");
  },
};

for (const [name, job] of Object.entries(HOSTILE)) {
  Deno.test(
    `WorkerExecutor survives a job that ${name}`,
    withPool(async (pool) => {
      assertEquals(await pool.submit(job), undefined);
      assertEquals(await pool.submit((n: number) => n + 1, 1), 2);
      await assertRejects(
        () =>
          pool.submit(() => {
            throw new RangeError("fails");
          }),
        RangeError,
        "fails",
      );
    }),
  );
}

Deno.test(
  "WorkerExecutor prevents a job from posting messages",
  withPool(async (pool) => {
    await assertRejects(
      // deno-lint-ignore no-explicit-any -- Deno has no types for the scope of a worker here
      () => pool.submit(() => (globalThis as any).postMessage(1)),
      RuntimeError,
      "Cannot post a message from a job",
    );
  }),
);

Deno.test(
  "WorkerExecutor keeps its messages from the listeners of a job",
  withPool(async (pool) => {
    await pool.submit(() => {
      const heard: unknown[] = [];
      (globalThis as { heard?: unknown }).heard = heard;
      globalThis.addEventListener(
        "message",
        (event) => heard.push((event as MessageEvent).data),
      );
      globalThis.dispatchEvent(new MessageEvent("message", { data: 1 }));
    });
    assertEquals(
      await pool.submit(() => (globalThis as { heard?: unknown }).heard),
      [1],
    );
  }),
);

Deno.test(
  "WorkerExecutor fails a job whose result cannot be cloned",
  withPool(async (pool) => {
    await assertRejects(
      () => pool.submit(() => ({ nested: () => 1 })),
      TypeError,
      "The result of a job must be cloneable",
    );
    assertEquals(
      (await pool.submit(() => new Uint8Array(2 ** 25))).length,
      2 ** 25,
    );
  }),
);

Deno.test("WorkerExecutor.shutdown() waits for the jobs and accepts no more", () =>
  countingWorkers((count) =>
    run(async () => {
      const pool = new WorkerExecutor({ maxWorkers: 1 });
      const { job, letGo } = await hold(pool);
      const waiting = pool.submit(() => "waited");
      let isOver = false;
      const shutdown = pool.shutdown().then(() => isOver = true);
      assertThrows(
        () => pool.submit(() => 1),
        RuntimeError,
        "Cannot submit a job as the executor is shut down",
      );
      await turns();
      assertEquals(isOver, false);
      letGo.set();
      assertEquals(await gather([job, waiting]), ["let go", "waited"]);
      await shutdown;
      assertEquals(count.alive, 0);
      await pool.shutdown();
    })
  ));

Deno.test("WorkerExecutor.shutdown() with cancelFutures cancels waiting jobs", () =>
  run(async () => {
    const pool = new WorkerExecutor({ maxWorkers: 1 });
    const { job, letGo } = await hold(pool);
    const dropped = pool.submit(() => "dropped");
    const shutdown = pool.shutdown({ cancelFutures: true });
    assertEquals(dropped.cancelled(), true);
    letGo.set();
    assertEquals(await job, "let go");
    await shutdown;
  }));

Deno.test("WorkerExecutor.shutdown() with wait: false does not wait", () =>
  countingWorkers((count) =>
    run(async () => {
      const pool = new WorkerExecutor({ maxWorkers: 2 });
      const { job, letGo } = await hold(pool);
      await pool.shutdown({ wait: false });
      assertEquals(job.done(), false);
      letGo.set();
      assertEquals(await job, "let go");
      assertEquals(count.alive, 0);
    })
  ));

Deno.test("WorkerExecutor.shutdown() ends when the last job is cancelled or its worker dies", () =>
  run(async () => {
    for (const [terminateOnCancel, die] of [[true, false], [false, true]]) {
      const pool = new WorkerExecutor({ maxWorkers: 1, terminateOnCancel });
      const begun = new Event();
      const job = pool.submit(
        async (begun: () => unknown, die: boolean | undefined) => {
          await begun();
          if (die) Deno.exit();
          await new Promise(() => {});
        },
        () => begun.set(),
        die,
      );
      const shutdown = pool.shutdown();
      await begun.wait();
      if (die) await assertRejects(() => job, BrokenExecutor);
      else job.cancel();
      await shutdown;
    }
  }));

Deno.test("WorkerExecutor.shutdown() resolves immediately without jobs", () =>
  run(async () => {
    await new WorkerExecutor().shutdown();
    const pool = new WorkerExecutor({ maxWorkers: 1 });
    await pool.submit(() => 1);
    await pool.shutdown();
  }));

Deno.test("WorkerExecutor.shutdown() continues when its wait is cancelled", () =>
  run(async () => {
    const pool = new WorkerExecutor({ maxWorkers: 1 });
    const { job, letGo } = await hold(pool);
    const waiter = createTask(() => pool.shutdown());
    await turns();
    waiter.cancel();
    letGo.set();
    await assertRejects(() => waiter, CancelledError);
    assertEquals(await job, "let go");
    await pool.shutdown();
  }));

Deno.test("WorkerExecutor.terminateWorkers() terminates all workers immediately", () =>
  countingWorkers((count) =>
    run(async () => {
      const pool = new WorkerExecutor({ maxWorkers: 2 });
      const { job } = await hold(pool);
      const second = await hold(pool);
      const waiting = pool.submit(() => 1);
      second.letGo.set();
      await second.job;
      await waiting;
      const { job: third } = await hold(pool);
      const dropped = pool.submit(() => 1);
      pool.terminateWorkers();
      assertEquals(count.alive, 0);
      assertEquals(dropped.cancelled(), true);
      for (const each of [job, third]) {
        await assertRejects(
          () => each,
          BrokenExecutor,
          "terminateWorkers() was called",
        );
      }
      assertThrows(() => pool.submit(() => 1), RuntimeError);
      await pool.shutdown();
      pool.terminateWorkers();
    })
  ));

Deno.test("WorkerExecutor serves several loops and releases closed ones", async () => {
  await using pool = new WorkerExecutor({ maxWorkers: 1 });
  const loops = [newEventLoop(), newEventLoop()];
  const results = await Promise.all(
    loops.map((loop, n) =>
      loop.runUntilComplete(async () => {
        const future = pool.submit((n: number) => n, n);
        assertStrictEquals(future.getLoop(), loop);
        return await future;
      })
    ),
  );
  assertEquals(results, [0, 1]);
  const [closed, open] = loops as [typeof loops[0], typeof loops[0]];
  const flag = new Int32Array(new SharedArrayBuffer(4));
  let dropped: Future<number> | undefined;
  await closed!.runUntilComplete(() => {
    dropped = pool.submit((flag: Int32Array) => {
      Atomics.wait(flag, 0, 0);
      return 1;
    }, flag);
  });
  closed!.close();
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
  open!.setExceptionHandler((_, { message }) => {
    throw new Error(message);
  });
  assertEquals(await open!.runUntilComplete(() => pool.submit(() => 2)), 2);
  assertEquals(dropped!.done(), false);
  open!.close();
});

Deno.test("WorkerExecutor can be used outside any loop", async () => {
  await using pool = new WorkerExecutor({ maxWorkers: 1 });
  assertEquals(await pool.submit((n: number) => n + 1, 1), 2);
});
