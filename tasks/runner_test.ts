// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { VirtualTimeLoop } from "../testing/mod.ts";
import {
  CancelledError,
  type EventLoop,
  getRunningLoop,
  newEventLoop,
  RuntimeError,
} from "../loop/mod.ts";
import { allTasks } from "./all_tasks.ts";
import { createTask } from "./create_task.ts";
import { run } from "./run.ts";
import { Runner } from "./runner.ts";
import { sleep } from "./sleep.ts";

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
