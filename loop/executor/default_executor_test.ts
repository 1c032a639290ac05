// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  BrokenExecutor,
  CancelledError,
  createTask,
  Event,
  Executor,
  type ExecutorShutdownOptions,
  Future,
  getRunningLoop,
  newEventLoop,
  run,
  RuntimeError,
  toThread,
  WorkerExecutor,
} from "../../mod.ts";
import { recordExceptions } from "../../tests/doubles/exceptions.ts";
import { turns } from "../../tests/doubles/recorder.ts";
import { countingWorkers } from "../../tests/doubles/workers.ts";
import { schedulerOf } from "../core/scheduler.ts";

/** An executor whose jobs are completed by the test. */
class FakeExecutor extends Executor {
  readonly futures: Future<unknown>[] = [];
  readonly shutdowns: ExecutorShutdownOptions[] = [];
  readonly ended = Promise.withResolvers<void>();

  override submit<A extends unknown[], T>(
    _fn: (...args: A) => T | PromiseLike<T>,
    ..._args: A
  ): Future<T> {
    const future = new Future<T>();
    this.futures.push(future);
    return future;
  }

  override async shutdown(options: ExecutorShutdownOptions = {}) {
    this.shutdowns.push(options);
    if (options.wait ?? true) await this.ended.promise;
  }
}

async function capturingWarnings(fn: () => Promise<void>): Promise<unknown[]> {
  const printed: unknown[] = [];
  const original = console.warn;
  console.warn = (...args) => void printed.push(...args);
  try {
    await fn();
  } finally {
    console.warn = original;
  }
  return printed;
}

Deno.test("loop.runInExecutor() uses the default executor without an executor", () =>
  countingWorkers(async (count) => {
    await run(async () => {
      const loop = getRunningLoop();
      const add = (a: number, b: number) => a + b;
      assertEquals(await loop.runInExecutor(null, add, 1, 2), 3);
      assertEquals(await toThread(add, [3, 4]), 7);
      assertEquals(count.started, 1);
    });
    assertEquals(count.alive, 0);
  }));

Deno.test("loop.runInExecutor() accepts a custom executor", () =>
  run(async () => {
    const executor = new FakeExecutor();
    const future = getRunningLoop().runInExecutor(executor, () => 1);
    assertStrictEquals(future, executor.futures[0]);
    executor.futures[0]!.setResult(2);
    assertEquals(await future, 2);
    assertThrows(
      () => getRunningLoop().runInExecutor(executor as never, "name" as never),
      TypeError,
      "only a WorkerExecutor has a module",
    );
  }));

Deno.test("loop.runInExecutor() validates its arguments", () =>
  run(() => {
    const loop = getRunningLoop();
    for (const executor of [undefined, {}, 1, "pool"]) {
      assertThrows(
        () => loop.runInExecutor(executor as never, () => 1),
        TypeError,
      );
    }
    assertThrows(() => loop.runInExecutor(null, 1 as never), TypeError);
    assertThrows(
      () => loop.setDefaultExecutor(null as never),
      TypeError,
      "The executor of setDefaultExecutor() must be an Executor: received null",
    );
  }));

Deno.test("loop.runInExecutor() returns a future of its own loop", async () => {
  const loop = newEventLoop();
  await using pool = new WorkerExecutor({ maxWorkers: 1 });
  const future = loop.runInExecutor(pool, () => 1);
  assertStrictEquals(future.getLoop(), loop);
  assertEquals(await loop.runUntilComplete(future), 1);
  const failing = loop.runInExecutor(pool, () => {
    throw new RangeError("m");
  });
  await assertRejects(() => loop.runUntilComplete(failing), RangeError, "m");
  const executor = new FakeExecutor();
  const cancelled = loop.runInExecutor(executor, () => 1);
  cancelled.cancel();
  await assertRejects(() => loop.runUntilComplete(cancelled), CancelledError);
  await turns();
  assertEquals(executor.futures[0]!.cancelled(), true);
  const alsoCancelled = loop.runInExecutor(executor, () => 1);
  executor.futures[1]!.cancel();
  await assertRejects(
    () => loop.runUntilComplete(alsoCancelled),
    CancelledError,
  );
  loop.close();
});

Deno.test("loop.runInExecutor() throws on a closed loop", () => {
  const loop = newEventLoop();
  loop.close();
  assertThrows(() => loop.runInExecutor(null, () => 1), RuntimeError, "closed");
});

Deno.test("loop.shutdownDefaultExecutor() waits for the jobs and prevents new ones", () =>
  run(async () => {
    const loop = getRunningLoop();
    const letGo = new Event();
    const begun = new Event();
    const job = loop.runInExecutor(
      null,
      async (begun, go) => {
        await begun();
        await go();
        return 1;
      },
      () => begun.set(),
      () => letGo.wait(),
    );
    await begun.wait();
    const shutdown = createTask(() => loop.shutdownDefaultExecutor());
    await turns();
    assertEquals(shutdown.done(), false);
    assertThrows(
      () => loop.runInExecutor(null, () => 1),
      RuntimeError,
      "Executor shutdown has been called",
    );
    assertThrows(() => toThread(() => 1), RuntimeError);
    letGo.set();
    await shutdown;
    assertEquals(await job, 1);
    await loop.shutdownDefaultExecutor();
  }));

Deno.test("loop.shutdownDefaultExecutor() prevents the creation of an executor", () =>
  run(async () => {
    const loop = getRunningLoop();
    await loop.shutdownDefaultExecutor();
    assertThrows(() => toThread(() => 1), RuntimeError);
    await using pool = new WorkerExecutor({ maxWorkers: 1 });
    assertEquals(await loop.runInExecutor(pool, () => 1), 1);
  }));

Deno.test("loop.shutdownDefaultExecutor() warns and terminates workers after its timeout", () =>
  run(async () => {
    const loop = getRunningLoop();
    const begun = new Event();
    const job = loop.runInExecutor(
      null,
      async (begun) => {
        await begun();
        for (const end = Date.now() + 500; Date.now() < end;);
      },
      () => begun.set(),
    );
    await begun.wait();
    const printed = await capturingWarnings(() =>
      loop.shutdownDefaultExecutor(0.01)
    );
    assertEquals(printed, [
      "The executor did not terminate its workers within 0.01 seconds: they are terminated",
    ]);
    await assertRejects(() => job, BrokenExecutor);
  }));

Deno.test("loop.shutdownDefaultExecutor() abandons a custom executor after its timeout", () =>
  run(async () => {
    const loop = getRunningLoop();
    const executor = new FakeExecutor();
    loop.setDefaultExecutor(executor);
    const printed = await capturingWarnings(() =>
      loop.shutdownDefaultExecutor(0)
    );
    assertEquals(printed.length, 1);
    assertEquals(executor.shutdowns, [
      {},
      { wait: false, cancelFutures: true },
    ]);
    executor.ended.resolve();
  }));

Deno.test("loop.shutdownDefaultExecutor() validates its timeout first", () =>
  run(async () => {
    const loop = getRunningLoop();
    assertThrows(
      () => loop.shutdownDefaultExecutor(NaN),
      RangeError,
      "The timeout of shutdownDefaultExecutor() must be a number of seconds or a Temporal.Duration: received NaN",
    );
    assertEquals(await toThread(() => 1), 1);
  }));

Deno.test("loop.shutdownDefaultExecutor() leaves jobs running when it is cancelled", () =>
  run(async () => {
    const loop = getRunningLoop();
    const executor = new FakeExecutor();
    loop.setDefaultExecutor(executor);
    const waiting = createTask(() => loop.shutdownDefaultExecutor(3600));
    await turns();
    waiting.cancel();
    await assertRejects(() => waiting, CancelledError);
    executor.ended.resolve();
  }));

Deno.test("loop.shutdownDefaultExecutor() rejects with the executor's error", () =>
  run(async () => {
    const loop = getRunningLoop();
    const executor = new FakeExecutor();
    loop.setDefaultExecutor(executor);
    executor.ended.reject(new RangeError("stuck"));
    await assertRejects(
      () => loop.shutdownDefaultExecutor(1),
      RangeError,
      "stuck",
    );
    loop.setDefaultExecutor(new WorkerExecutor());
  }));

Deno.test("loop.close() shuts down the default executor without waiting", async () => {
  const loop = newEventLoop();
  const executor = new FakeExecutor();
  loop.setDefaultExecutor(executor);
  loop.close();
  loop.close();
  assertEquals(executor.shutdowns, [{ wait: false }]);
  await countingWorkers(async (count) => {
    const other = newEventLoop();
    await other.runUntilComplete(() => toThread(() => 1));
    assertEquals(count.alive, 1);
    other.close();
    assertEquals(count.alive, 0);
  });
});

Deno.test("loop.close() reports an executor that fails to shut down", async () => {
  const loop = newEventLoop();
  const contexts = recordExceptions(loop);
  const executor = new FakeExecutor();
  executor.shutdown = () => Promise.reject(new RangeError("stuck"));
  loop.setDefaultExecutor(executor);
  loop.close();
  await turns();
  assertEquals(contexts.map(({ message }) => message), [
    "The default executor failed to shut down",
  ]);
});

Deno.test("run() waits for the jobs of the default executor at its end", async () => {
  const ended: string[] = [];
  await run(async () => {
    const begun = new Event();
    toThread(async (begun: () => unknown, end: () => unknown) => {
      await begun();
      await end();
    }, [() => begun.set(), () => ended.push("job")]);
    await begun.wait();
  });
  assertEquals(ended, ["job"]);
});

Deno.test("run() runs the waiting jobs of the default executor at its end", async () => {
  const ended: number[] = [];
  await run(() => {
    getRunningLoop().setDefaultExecutor(new WorkerExecutor({ maxWorkers: 1 }));
    for (const n of [1, 2, 3]) {
      toThread(async (end: (n: number) => unknown, n: number) => {
        await end(n);
      }, [(n) => ended.push(n), n]);
    }
  });
  assertEquals(ended, [1, 2, 3]);
});

Deno.test("loop.callSoonThreadsafe() schedules a call like loop.callSoon()", () =>
  run(async () => {
    const loop = getRunningLoop();
    const calls: unknown[] = [];
    loop.callSoon((what) => calls.push(what), 1);
    loop.callSoonThreadsafe((what) => calls.push(what), 2);
    loop.callSoonThreadsafe((what) => calls.push(what), 3).cancel();
    assertEquals(calls, []);
    await turns();
    assertEquals(calls, [1, 2]);
    assertThrows(
      () => loop.callSoonThreadsafe(1 as never),
      TypeError,
      "The callback of callSoonThreadsafe() must be a function: received 1",
    );
    const closed = newEventLoop();
    closed.close();
    assertThrows(() => closed.callSoonThreadsafe(() => {}), RuntimeError);
  }));

Deno.test("loop.shutdownDefaultExecutor() releases the executor", () =>
  run(async () => {
    const loop = getRunningLoop();
    const { resources } = schedulerOf(loop);
    assertEquals(await loop.runInExecutor(null, () => 1), 1);
    assertEquals(resources.size, 1);
    await loop.shutdownDefaultExecutor();
    assertEquals(resources.size, 0);
  }));
