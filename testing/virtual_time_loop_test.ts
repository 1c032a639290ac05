// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  createSubprocessExec,
  createTask,
  type EventLoop,
  Future,
  gather,
  getRunningLoop,
  openConnection,
  run,
  Runner,
  RuntimeError,
  shield,
  sleep,
  startServer,
  timeout,
  TimeoutError,
  toThread,
  waitFor,
} from "../mod.ts";
import { HangError } from "./hang_error.ts";
import { inVirtualTime } from "./in_virtual_time.ts";
import {
  VirtualTimeLoop,
  type VirtualTimeOptions,
} from "./virtual_time_loop.ts";

/** Returns `loop.time()` of the running loop. */
function now(): number {
  return getRunningLoop().time();
}

/** A promise of the host's that takes some real time. */
function outside<T>(result: T): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  setTimeout(() => resolve(result), 20);
  return promise;
}

/** Awaits something while there are timers that the clock could jump to; returns what the time is then. */
async function timeAfter(wait: () => PromiseLike<unknown>): Promise<number> {
  const ticker = createTask(async () => {
    while (true) await sleep(1);
  });
  const start = now();
  await wait();
  ticker.cancel();
  return now() - start;
}

Deno.test("VirtualTimeLoop jumps to the next timer when nothing is ready", async () => {
  const start = performance.now();
  await inVirtualTime(async () => {
    assertEquals(now(), 0);
    await sleep(3600);
    assertEquals(now(), 3600);
    await gather([sleep(10), sleep(5)]);
    assertEquals(now(), 3610);
  })();
  assertLess(performance.now() - start, 60_000);
});

Deno.test(
  "VirtualTimeLoop runs timers in order of deadline, and equal ones in order of creation",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const log: string[] = [];
    const note = (name: string) => log.push(`${name} ${now()}`);
    loop.callLater(2, note, "c");
    loop.callAt(1, note, "a");
    loop.callLater(2, note, "d");
    loop.callLater(1, note, "b");
    loop.callLater(1.5, note, "never").cancel();
    await sleep(2);
    assertEquals(log, ["a 1", "b 1", "c 2", "d 2"]);
  }),
);

Deno.test(
  "VirtualTimeLoop jumps exactly to a deadline",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    let when = now();
    for (let i = 0; i < 1000; i++) {
      when += 1 / 3 + i * 1e-7;
      const reached = new Future<number>();
      loop.callAt(when, () => reached.setResult(now()));
      assertEquals(await reached, when);
    }
  }, { start: 0.1 }),
);

Deno.test(
  "VirtualTimeLoop runs everything that is ready before its clock jumps",
  inVirtualTime(async () => {
    const sleeper = createTask(() => sleep(0.001));
    for (let i = 0; i < 1000; i++) await sleep(0);
    assertFalse(sleeper.done());
    assertEquals(now(), 0);
    await sleeper;
  }),
);

Deno.test(
  "VirtualTimeLoop lets time limits expire",
  inVirtualTime(async () => {
    await assertRejects(() => timeout(60, () => sleep(61)), TimeoutError);
    assertEquals(now(), 60);
    await assertRejects(() => waitFor(new Future(), 5), TimeoutError);
    assertEquals(now(), 65);
  }),
);

Deno.test(
  "VirtualTimeLoop begins at the start option",
  inVirtualTime(async () => {
    assertEquals(now(), 1_000_000);
    await sleep(1);
    assertEquals(now(), 1_000_001);
  }, { start: 1_000_000 }),
);

Deno.test("VirtualTimeLoop.advance() advances the clock during a step", async () => {
  const loop = new VirtualTimeLoop();
  await run(async () => {
    const log: number[] = [];
    loop.callLater(1, () => log.push(1));
    loop.callLater(3, () => log.push(3));
    loop.advance(2);
    assertEquals(log, []);
    assertEquals(now(), 2);
    await sleep(0);
    await sleep(0);
    assertEquals(log, [1]);
    await sleep(1);
    assertEquals(log, [1, 3]);
    for (const wrong of [-1, NaN]) {
      assertThrows(
        () => loop.advance(wrong),
        RangeError,
        "The seconds of advance() must be a number of at least 0: received",
      );
    }
  }, { loopFactory: () => loop });
});

Deno.test("VirtualTimeLoop() rejects wrong options", () => {
  const make = (options: object) => () =>
    new VirtualTimeLoop(options as VirtualTimeOptions);
  assertThrows(
    make({ start: NaN }),
    RangeError,
    "The start option must be a number: received NaN",
  );
  assertThrows(make({ start: "0" }), TypeError, "The start option");
  assertThrows(
    make({ patience: -1 }),
    RangeError,
    "The patience option must be a number of at least 0: received -1",
  );
  assertThrows(
    make({ io: "wait" }),
    RangeError,
    'The io option must be "hold" or "refuse": received "wait"',
  );
});

Deno.test(
  "VirtualTimeLoop stands still while a task awaits a native promise",
  inVirtualTime(async () => {
    const file = new URL(import.meta.url);
    const fetched = async () => (await fetch("data:,hello")).text();
    assertEquals(await timeAfter(() => outside(1)), 0);
    assertEquals(await timeAfter(() => Deno.readFile(file)), 0);
    assertEquals(await timeAfter(fetched), 0);
  }),
);

Deno.test(
  "VirtualTimeLoop stands still while a future waits for something outside",
  inVirtualTime(async () => {
    const task = async () => await outside(1);
    assertEquals(await timeAfter(() => waitFor(outside(1), 5)), 0);
    assertEquals(await timeAfter(() => gather([outside(1), outside(2)])), 0);
    assertEquals(await timeAfter(() => shield(outside(1))), 0);
    assertEquals(await timeAfter(() => createTask(task)), 0);
  }),
);

Deno.test(
  "VirtualTimeLoop stands still while a job runs in another thread",
  inVirtualTime(async () => {
    const job = () => new Promise((resolve) => setTimeout(resolve, 50));
    assertEquals(await timeAfter(() => toThread(job)), 0);
  }),
);

Deno.test("VirtualTimeLoop stands still at the end of run() until all jobs are done", async () => {
  const loop = new VirtualTimeLoop();
  const job = () => new Promise((resolve) => setTimeout(resolve, 50));
  await run(async () => {
    createTask(() => toThread(job));
    await sleep(0);
  }, { loopFactory: () => loop });
  assertEquals(loop.time(), 0);
});

Deno.test(
  "VirtualTimeLoop stands still while a process runs",
  inVirtualTime(async () => {
    const time = await timeAfter(async () => {
      const program = Deno.execPath();
      const process = await createSubprocessExec(program, ["--version"], {
        stdout: "null",
      });
      assertEquals(await process.wait(), 0);
    });
    assertEquals(time, 0);
  }),
);

Deno.test(
  "VirtualTimeLoop carries real connections",
  inVirtualTime(async () => {
    const server = await startServer(
      async (reader, writer) => {
        writer.write(await reader.readLine());
        await writer.drain();
        writer.close();
      },
      "127.0.0.1",
      0,
    );
    const { port } = server.sockets[0]!.addr as Deno.NetAddr;
    const [reader, writer] = await openConnection("127.0.0.1", port);
    writer.write("hello\n");
    assertEquals(new TextDecoder().decode(await reader.readLine()), "hello\n");
    writer.close();
    await writer.waitClosed();
    server.close();
    await server.waitClosed();
  }),
);

Deno.test(
  "VirtualTimeLoop lets native promises settle while tasks keep each other busy",
  inVirtualTime(async () => {
    let isDone = false;
    outside(1).then(() => isDone = true);
    while (!isDone) await sleep(0);
    assertEquals(now(), 0);
  }),
);

Deno.test("VirtualTimeLoop with io: refuse fails, and names the task", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await assertRejects(
    inVirtualTime(async () => {
      createTask(() => sleep(1), { name: "sleeper" });
      await createTask(async () => await promise, { name: "reader" });
    }, { io: "refuse" }),
    RuntimeError,
    "Cannot wait for something outside a loop with io: \"refuse\", as <Task 'reader' pending> does",
  );
  await assertRejects(
    inVirtualTime(() => waitFor(promise, 5), { io: "refuse" }),
    RuntimeError,
    "as a future of the loop does",
  );
  resolve();
});

Deno.test(
  "VirtualTimeLoop with io: refuse takes promises that its own tasks settle before nothing is ready",
  inVirtualTime(async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    createTask(() => resolve(1));
    assertEquals(await promise, 1);
    const both = Promise.all([sleep(1, "a"), sleep(2, "b")]);
    await sleep(3);
    assertEquals(await both, ["a", "b"]);
  }, { io: "refuse" }),
);

Deno.test("VirtualTimeLoop fails after its patience with a promise that never settles", async () => {
  const error = await assertRejects(
    inVirtualTime(async () => {
      await createTask(() => new Promise(() => {}), { name: "patient" });
    }, { patience: 0.02 }),
    HangError,
  );
  assertStringIncludes(
    error.message,
    "* something outside the loop\n" +
      "  + Awaited by:\n" +
      "    * <Task 'patient' pending>\n" +
      "      + Awaited by:\n" +
      "        * <Task 'Task-",
  );
});

Deno.test("VirtualTimeLoop jumps when its patience with a promise runs out", async () => {
  const loop = new VirtualTimeLoop({ patience: 0.02 });
  const { promise, resolve } = Promise.withResolvers<void>();
  await run(async () => {
    const waiter = createTask(() => promise);
    await sleep(1);
    resolve();
    await waiter;
  }, { loopFactory: () => loop });
  assertEquals(loop.time(), 1);
});

Deno.test("VirtualTimeLoop.close() cancels its pending poll", async () => {
  const loop = new VirtualTimeLoop();
  await loop.runUntilComplete(async () => {
    await sleep(1);
    loop.callLater(100, () => {});
  });
  loop.close();
  assert(loop.isClosed());
  loop.close();
});

Deno.test("VirtualTimeLoop.stop() ends runForever(), and the loop can run again", async () => {
  const loop = new VirtualTimeLoop();
  loop.callLater(10, () => loop.stop());
  await loop.runForever();
  assertEquals(loop.time(), 10);
  assertEquals(await loop.runUntilComplete(() => sleep(5, "again")), "again");
  assertEquals(loop.time(), 15);
  loop.close();
});

Deno.test("VirtualTimeLoop.runForever() fails when the program hangs", async () => {
  const loop = new VirtualTimeLoop();
  loop.callLater(10, () => {});
  await assertRejects(() => loop.runForever(), HangError, "There are no tasks");
  assertEquals(loop.time(), 10);
  loop.close();
});

Deno.test("VirtualTimeLoop works in a Runner, whose runs share its time", async () => {
  await using runner = new Runner({
    loopFactory: () => new VirtualTimeLoop({ start: 100 }),
  });
  await runner.run(() => sleep(10));
  assertEquals(runner.getLoop().time(), 110);
  await assertRejects(() => runner.run(() => new Future()), HangError);
  await runner.run(() => sleep(10));
  assertEquals(runner.getLoop().time(), 120);
});

Deno.test(
  "VirtualTimeLoop does not run inside another loop",
  inVirtualTime(async () => {
    const loop = new VirtualTimeLoop();
    const nested = () => loop.runUntilComplete(() => sleep(1));
    await assertRejects(nested, RuntimeError);
    await assertRejects(() => run(() => sleep(1)), RuntimeError);
    loop.close();
  }),
);

Deno.test("VirtualTimeLoop runs alongside others, each in its own time", async () => {
  const times = await Promise.all(
    [1, 2, 3].map((factor) =>
      inVirtualTime(async () => {
        for (let i = 0; i < 60; i++) await sleep(60 * factor);
        return now();
      })()
    ),
  );
  assertEquals(times, [3600, 7200, 10800]);
});

Deno.test("VirtualTimeLoop has the debug mode that any loop has", () => {
  const asked = Deno.env.get("ASYNCIO_DEBUG");
  const isDebug = (loop: EventLoop) => {
    const debug = loop.getDebug();
    loop.close();
    return debug;
  };
  try {
    Deno.env.set("ASYNCIO_DEBUG", "1");
    assert(isDebug(new VirtualTimeLoop()));
    Deno.env.delete("ASYNCIO_DEBUG");
    assertFalse(isDebug(new VirtualTimeLoop()));
  } finally {
    if (asked !== undefined) Deno.env.set("ASYNCIO_DEBUG", asked);
  }
});

Deno.test("VirtualTimeLoop waits for native promises at the end of run()", async () => {
  const log: string[] = [];
  await inVirtualTime(async () => {
    createTask(async () => {
      try {
        await sleep(10);
      } finally {
        log.push(await outside("cleaned up"));
      }
    });
    await sleep(1);
  })();
  assertEquals(log, ["cleaned up"]);
});
