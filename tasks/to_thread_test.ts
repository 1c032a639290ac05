// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  ContextVar,
  createTask,
  currentTask,
  Event,
  type EventLoop,
  Executor,
  type Future,
  gather,
  getRunningLoop,
  newEventLoop,
  run,
  runCoroutineThreadsafe,
  RuntimeError,
  sleep,
  timeout,
  TimeoutError,
  toThread,
  WorkerExecutor,
} from "../mod.ts";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { turns } from "../tests/doubles/recorder.ts";

Deno.test("toThread() calls a function in another thread", () =>
  run(async () => {
    const name = await toThread(() => self.name);
    assertEquals(name, "asyncio_0");
    assertEquals(
      await toThread((a: number, b: string) => a + b, [1, "b"]),
      "1b",
    );
    assertStrictEquals(toThread(() => 1).getLoop(), getRunningLoop());
  }));

Deno.test("toThread() keeps the event loop running", () =>
  run(async () => {
    const begun = new Event();
    let turned = 0;
    const turning = createTask(async () => {
      await begun.wait();
      while (true) {
        turned++;
        await sleep(0);
      }
    });
    await toThread(async (begin: () => unknown) => {
      await begin();
      const end = performance.now() + 20;
      while (performance.now() < end);
    }, [() => begun.set()]);
    assertEquals(turned > 10, true);
    turning.cancel();
  }));

Deno.test("toThread() transfers the given objects and uses the given executor", () =>
  run(async () => {
    await using executor = new WorkerExecutor({ name: "own" });
    const bytes = new Uint8Array(8);
    assertEquals(
      await toThread(
        (bytes: Uint8Array) => [self.name, bytes.length],
        [bytes],
        { executor, transfer: [bytes.buffer] },
      ),
      ["own_0", 8],
    );
    assertEquals(bytes.length, 0);
  }));

Deno.test("toThread() refuses options that the executor does not have", () =>
  run(async () => {
    class Own extends Executor {
      override submit<A extends unknown[], T>(
        fn: (...args: A) => T | PromiseLike<T>,
        ...args: A
      ): Future<T> {
        return createTask(() => fn(...args));
      }
      override async shutdown() {}
    }
    const executor = new Own();
    assertEquals(await toThread((n: number) => n + 1, [1], { executor }), 2);
    assertThrows(
      () => toThread(() => 1, [], { executor, terminateOnCancel: true }),
      TypeError,
      "only for a WorkerExecutor: received terminateOnCancel",
    );
    assertThrows(
      () => toThread(() => 1, [], { executor: {} as Executor }),
      TypeError,
      "The executor of toThread() must be an Executor: received an instance of Object",
    );
  }));

Deno.test("toThread() is left at once when the task that awaits it is cancelled", () =>
  run(async () => {
    const begun = new Event();
    const job = (begin: () => unknown) =>
      toThread(
        async (begin: () => unknown) => {
          await begin();
          for (const end = Date.now() + 500; Date.now() < end;);
        },
        [begin],
        { terminateOnCancel: true },
      );
    const task = createTask(() => job(() => begun.set()));
    await begun.wait();
    task.cancel();
    await assertRejects(() => task, CancelledError);
    await assertRejects(
      () => timeout(0.01, () => job(() => {})),
      TimeoutError,
    );
  }));

Deno.test("toThread() works outside run() too", async () => {
  await using executor = new WorkerExecutor();
  assertEquals(await toThread(() => 1, [], { executor }), 1);
});

Deno.test("toThread() takes no context variables along", () =>
  run(async () => {
    const user = new ContextVar("user", "nobody");
    user.set("ann");
    await assertRejects(
      () => toThread(() => user.get()),
      ReferenceError,
      'Cannot find "user"',
    );
    const [inside, outside] = await gather([
      toThread(() => typeof user),
      () => user.get(),
    ]);
    assertEquals([inside, outside], ["undefined", "ann"]);
  }));

/** Runs a test alongside a running loop. */
function withLoop(body: (loop: EventLoop) => Promise<void>) {
  return async () => {
    const loop = newEventLoop();
    const running = loop.runForever();
    try {
      await run(() => body(loop));
    } finally {
      loop.stop();
      await running;
      loop.close();
    }
  };
}

Deno.test(
  "runCoroutineThreadsafe() runs a function as a task of another loop",
  withLoop(async (loop) => {
    const future = runCoroutineThreadsafe(async () => {
      assertStrictEquals(getRunningLoop(), loop);
      await sleep(0.001);
      return currentTask()!.getLoop();
    }, loop);
    assertStrictEquals(future.getLoop(), getRunningLoop());
    assertStrictEquals(await future, loop);
  }),
);

Deno.test(
  "runCoroutineThreadsafe() rejects with the error of the task",
  withLoop(async (loop) => {
    await assertRejects(
      () =>
        runCoroutineThreadsafe(() => {
          throw new RangeError("m");
        }, loop),
      RangeError,
      "m",
    );
    const thrown = await runCoroutineThreadsafe(() => {
      throw "no error";
    }, loop).then(() => null, (thrown) => thrown);
    assertEquals(thrown, "no error");
  }),
);

Deno.test(
  "cancelling the future of runCoroutineThreadsafe() cancels the task",
  withLoop(async (loop) => {
    const started = new Event();
    const cancelled = new Event();
    const here = getRunningLoop();
    const future = runCoroutineThreadsafe(async () => {
      here.callSoonThreadsafe(() => started.set());
      try {
        await sleep(3600);
      } finally {
        here.callSoonThreadsafe(() => cancelled.set());
      }
    }, loop);
    await started.wait();
    assertEquals(future.cancel("enough"), true);
    assertEquals(future.cancel(), false);
    assertEquals(future.cancelled(), true);
    await cancelled.wait();
    await assertRejects(() => future, CancelledError, "enough");
  }),
);

Deno.test(
  "runCoroutineThreadsafe() propagates a cancellation of the awaiting task",
  withLoop(async (loop) => {
    const here = getRunningLoop();
    const started = new Event();
    const cancelled = new Event();
    const task = createTask(() =>
      runCoroutineThreadsafe(async () => {
        here.callSoonThreadsafe(() => started.set());
        try {
          await sleep(3600);
        } finally {
          here.callSoonThreadsafe(() => cancelled.set());
        }
      }, loop)
    );
    await started.wait();
    task.cancel();
    await assertRejects(() => task, CancelledError);
    await cancelled.wait();
  }),
);

Deno.test(
  "a task of runCoroutineThreadsafe() that is cancelled cancels the future",
  withLoop(async (loop) => {
    const future = runCoroutineThreadsafe(async () => {
      currentTask()!.cancel();
      await sleep(0);
    }, loop);
    await assertRejects(() => future, CancelledError);
    assertEquals(future.cancelled(), true);
  }),
);

Deno.test("runCoroutineThreadsafe() that is cancelled before the loop runs begins nothing", async () => {
  const loop = newEventLoop();
  let began = false;
  const future = runCoroutineThreadsafe(() => began = true, loop);
  future.cancel();
  await loop.runUntilComplete(() => sleep(0));
  assertEquals(began, false);
  loop.close();
});

Deno.test("runCoroutineThreadsafe() works in the loop that runs the caller", () =>
  run(async () => {
    assertEquals(
      await runCoroutineThreadsafe(() => sleep(0, 1), getRunningLoop()),
      1,
    );
  }));

Deno.test("runCoroutineThreadsafe() rejects with the error of a task factory", () =>
  run(async () => {
    const loop = getRunningLoop();
    const contexts = recordExceptions(loop);
    loop.setTaskFactory(() => {
      throw new RangeError("no tasks today");
    });
    const future = runCoroutineThreadsafe(() => 1, loop);
    await turns();
    loop.setTaskFactory(null);
    await assertRejects(() => future, RangeError, "no tasks today");
    assertEquals(contexts.length, 1);
  }));

Deno.test("runCoroutineThreadsafe() rejects a non-function, a non-loop and a closed loop", () => {
  const loop = newEventLoop();
  assertThrows(
    () => runCoroutineThreadsafe(Promise.resolve(1) as never, loop),
    TypeError,
    "takes the function itself",
  );
  for (const other of [null, undefined, 1, {}]) {
    assertThrows(
      () => runCoroutineThreadsafe(() => 1, other as never),
      TypeError,
      "The loop must be an EventLoop: received",
    );
  }
  loop.close();
  assertThrows(
    () => runCoroutineThreadsafe(() => 1, loop),
    RuntimeError,
    "closed",
  );
});

Deno.test("runCoroutineThreadsafe() drops the result when the caller's loop is closed", async () => {
  const loop = newEventLoop();
  let future: Future<number> | undefined;
  await run(() => {
    future = runCoroutineThreadsafe(() => 1, loop);
  });
  assertEquals(await loop.runUntilComplete(() => sleep(0, 2)), 2);
  assertEquals(future!.done(), false);
  loop.close();
});

Deno.test("runCoroutineThreadsafe() can be cancelled when the other loop is closed", async () => {
  const loop = newEventLoop();
  recordExceptions(loop);
  const dropped = runCoroutineThreadsafe(() => 1, loop);
  const pending = runCoroutineThreadsafe(() => sleep(3600), loop);
  await loop.runUntilComplete(() => sleep(0));
  loop.close();
  assertEquals([dropped.cancel(), pending.cancel()], [false, true]);
});
