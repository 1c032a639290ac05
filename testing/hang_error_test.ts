// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  createTask,
  currentTask,
  Event,
  Future,
  gather,
  Lock,
  Queue,
  RuntimeError,
  shield,
  sleep,
  startServer,
  taskGroup,
} from "../mod.ts";
import { HangError } from "./hang_error.ts";
import { inVirtualTime, type InVirtualTimeOptions } from "./in_virtual_time.ts";

/** Returns the report of a body that hangs, without its first line. */
async function reportOf(
  body: () => unknown,
  options?: InVirtualTimeOptions,
): Promise<string> {
  const main = async () => {
    currentTask()!.setName("main");
    await body();
  };
  const { message } = await assertRejects(
    inVirtualTime(main, options),
    HangError,
  );
  const [headline, ...graph] = message.split("\n");
  assertEquals(
    headline,
    "The program hangs: nothing is ready, and no timer is set. Pending tasks:",
  );
  return graph.join("\n");
}

Deno.test("HangError shows the task that waits for a lock", async () => {
  const report = await reportOf(async () => {
    const lock = new Lock();
    await lock.acquire();
    await lock.acquire();
  });
  assertEquals(
    report,
    `\
* <Lock.acquire() pending>
  + Awaited by:
    * <Task 'main' pending>
Debug mode adds line numbers`,
  );
});

Deno.test("HangError shows a chain of waiting tasks", async () => {
  const report = await reportOf(async () => {
    const queue = new Queue();
    await createTask(() => queue.get(), { name: "getter" });
  });
  assertEquals(
    report,
    `\
* <Queue.get() pending>
  + Awaited by:
    * <Task 'getter' pending>
      + Awaited by:
        * <Task 'main' pending>
Debug mode adds line numbers`,
  );
});

Deno.test("HangError shows a gather() without repetition", async () => {
  const report = await reportOf(() => {
    const event = new Event();
    const wait = (name: string) => createTask(() => event.wait(), { name });
    return gather([wait("a"), wait("b")]);
  });
  assertEquals(
    report,
    `\
* <Event.wait() pending>
  + Awaited by:
    * <Task 'a' pending>
      + Awaited by:
        * <Task 'main' pending>
* <Event.wait() pending>
  + Awaited by:
    * <Task 'b' pending>
      + Awaited by:
        * <Task 'main' pending>
Debug mode adds line numbers`,
  );
});

Deno.test("HangError shows a task of a group", async () => {
  const report = await reportOf(() =>
    taskGroup((group) => {
      group.createTask(() => new Event().wait(), { name: "member" });
    })
  );
  assertStringIncludes(
    report,
    `\
* <Event.wait() pending>
  + Awaited by:
    * <Task 'member' pending>
      + Awaited by:
        * <Task 'main' pending>`,
  );
});

Deno.test("HangError shows a shielded task", async () => {
  const report = await reportOf(() =>
    shield(createTask(() => new Event().wait(), { name: "inner" }))
  );
  assertEquals(
    report,
    `\
* <Event.wait() pending>
  + Awaited by:
    * <Task 'inner' pending>
      + Awaited by:
        * <Task 'main' pending>
Debug mode adds line numbers`,
  );
});

Deno.test("HangError shows everything that a task awaits at once", async () => {
  const report = await reportOf(() =>
    Promise.all([new Event().wait(), new Lock().acquire(), new Queue().get()])
  );
  assertEquals(
    report,
    `\
* <Event.wait() pending>
  + Awaited by:
    * <Task 'main' pending>
* <Queue.get() pending>
  + Awaited by:
    * <Task 'main' pending>
Debug mode adds line numbers`,
  );
});

Deno.test("HangError has line numbers in debug mode", async () => {
  async function stuck() {
    await new Event().wait();
  }
  const report = await reportOf(stuck, { debug: true });
  assertMatch(
    report,
    /Awaited by:\n {4}\* <Task 'main' pending>\n {6}\+ Call stack:\n {6}\| {3}(async )?stuck \(.*hang_error_test\.ts:\d+:\d+\)/,
  );
  assert(!report.includes("Debug mode shows"));
});

Deno.test("HangError is thrown once no timer is left", async () => {
  let time = 0;
  const report = await reportOf(async () => {
    createTask(async () => {
      for (; time < 100; time++) await sleep(1);
    });
    await new Future();
  });
  assertEquals(time, 100);
  assertStringIncludes(report, "* <Future pending>");
});

Deno.test("HangError is a RuntimeError that does not reach the program itself", async () => {
  const seen: unknown[] = [];
  const error = await assertRejects(
    inVirtualTime(async () => {
      try {
        await new Future();
      } catch (error) {
        seen.push(error);
        throw error;
      }
    }),
    HangError,
  );
  assert(error instanceof RuntimeError);
  assertEquals(error.name, "HangError");
  assertEquals(seen.map((each) => (each as Error).name), ["CancelledError"]);
});

Deno.test("HangError is thrown while run() ends the remaining tasks, too", async () => {
  const reported: unknown[] = [];
  const body = async () => {
    const task = createTask(async () => {
      try {
        await sleep(10);
      } finally {
        await new Event().wait();
      }
    }, { name: "stubborn" });
    task.getLoop().setExceptionHandler((_, { message }) => {
      reported.push(message);
    });
    await sleep(1);
  };
  const error = await assertRejects(inVirtualTime(body), HangError);
  assertStringIncludes(error.message, "* <Task 'stubborn' pending>");
  assert(reported.includes("Task was destroyed but it is pending"));
});

Deno.test("HangError is delayed while a server is open", async () => {
  const start = performance.now();
  const body = async () => {
    const server = await startServer(() => {}, "127.0.0.1", 0);
    await server.serveForever();
  };
  await assertRejects(inVirtualTime(body, { patience: 0.05 }), HangError);
  assert(performance.now() - start >= 50);
});
