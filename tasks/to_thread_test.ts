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
  Event,
  Executor,
  type Future,
  gather,
  getRunningLoop,
  run,
  sleep,
  timeout,
  TimeoutError,
  toThread,
  WorkerExecutor,
} from "../mod.ts";

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
