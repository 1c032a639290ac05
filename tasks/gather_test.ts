// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { VirtualTimeLoop } from "../testing/mod.ts";
import {
  type Awaitable,
  CancelledError,
  Future,
  getEventLoop,
  getRunningLoop,
  newEventLoop,
} from "../loop/mod.ts";
import { allTasks, createTask } from "./create_task.ts";
import { gather } from "./gather.ts";
import { run } from "./runner.ts";
import { sleep } from "./sleep.ts";

const VIRTUAL = { loopFactory: () => new VirtualTimeLoop() };

Deno.test("gather() returns the results in argument order", () =>
  run(async () => {
    assertEquals(
      await gather([
        () => sleep(3, "function"),
        sleep(2, "future"),
        createTask(() => sleep(1, "task")),
        Promise.resolve("promise"),
        () => "plain",
      ]),
      ["function", "future", "task", "promise", "plain"],
    );
    assertEquals(getRunningLoop().time(), 3);
  }, VIRTUAL));

Deno.test("gather() types its results as Promise.all() does", () =>
  run(async () => {
    const results = gather([
      () => 1,
      () => Promise.resolve("two"),
      () => sleep(0, true),
      Promise.resolve(null),
      new Future<Date>() as Future<Date>,
    ]);
    assertType<
      IsExact<typeof results, Future<[number, string, boolean, null, Date]>>
    >(true);
    results.cancel();
    await results.catch(() => {});

    const many = gather([1, 2].map((n) => () => sleep(0, n)));
    assertType<IsExact<typeof many, Future<number[]>>>(true);
    assertEquals(await many, [1, 2]);

    const outcomes = gather([() => 1, () => "two"], { returnExceptions: true });
    assertType<
      IsExact<typeof outcomes, Future<[number | Error, string | Error]>>
    >(true);
    assertEquals(await outcomes, [1, "two"]);
  }));

Deno.test("gather() of nothing is done at once", () =>
  run(async () => {
    const results = gather([]);
    assert(results.done());
    assertStrictEquals(results.getLoop(), getRunningLoop());
    assertEquals(await results, []);
  }));

Deno.test("gather() of done futures is done in the next round", () =>
  run(async () => {
    const future = new Future<number>();
    future.setResult(1);
    const results = gather([future, future]);
    assertEquals(await results, [1, 1]);
  }));

Deno.test("gather() awaits a duplicate once and returns its result in each place", () =>
  run(async () => {
    const future = sleep(1, "twice");
    assertEquals(await gather([future, () => 1, future]), [
      "twice",
      1,
      "twice",
    ]);
  }, VIRTUAL));

Deno.test("gather() runs a function that is listed twice twice", () =>
  run(async () => {
    let calls = 0;
    const work = () => ++calls;
    assertEquals(await gather([work, work]), [1, 2]);
  }));

Deno.test("gather() throws the first exception at once, and the others go on", () =>
  run(async () => {
    const calls: string[] = [];
    const error = new Error("boom");
    const results = gather([
      async () => {
        await sleep(2);
        calls.push("slow");
      },
      async () => {
        await sleep(1);
        throw error;
      },
    ]);
    assertStrictEquals(await assertRejects(() => results), error);
    assertEquals(getRunningLoop().time(), 1);
    assertEquals(calls, []);
    await sleep(5);
    assertEquals(calls, ["slow"]);
    assertFalse(results.cancelled());
  }, VIRTUAL));

Deno.test("gather() marks later failures as retrieved", async () => {
  const loop = new VirtualTimeLoop();
  const reports: unknown[] = [];
  loop.setExceptionHandler((_, context) => void reports.push(context));
  await run(async () => {
    const later = (delay: number) => async () => {
      await sleep(delay);
      throw new Error(`after ${delay}`);
    };
    await assertRejects(
      () => gather([later(2), later(1), later(1)]),
      Error,
      "after 1",
    );
    await sleep(5);
  }, { loopFactory: () => loop });
  assertEquals(reports, []);
});

Deno.test("gather() with returnExceptions returns exceptions and cancellations as results", () =>
  run(async () => {
    const error = new Error("boom");
    const cancelled = createTask(() => sleep(3600));
    const failing = Promise.withResolvers<never>();
    const results = gather(
      [() => "fine", () => Promise.reject(error), cancelled, failing.promise],
      { returnExceptions: true },
    );
    await sleep(0);
    cancelled.cancel("enough");
    failing.reject("no error");
    const [a, b, c, d] = await results;
    assertEquals(a, "fine");
    assertStrictEquals(b, error);
    assertInstanceOf(c, CancelledError);
    assertEquals((c as Error).message, "enough");
    assertEquals(d as unknown, "no error");
  }));

Deno.test("gather() counts the cancellation of a child as its exception", () =>
  run(async () => {
    const child = createTask(() => sleep(3600));
    const other = createTask(() => sleep(1, "other"));
    const results = gather([child, other]);
    await sleep(0);
    child.cancel("only you");
    await assertRejects(() => results, CancelledError, "only you");
    assertFalse(other.cancelled());
    assertEquals(await other, "other");
  }, VIRTUAL));

Deno.test("gather() that is cancelled cancels all that are not done, and waits for them", () =>
  run(async () => {
    const calls: string[] = [];
    const done = new Future<string>();
    done.setResult("done");
    const slow = createTask(async () => {
      try {
        await sleep(3600);
      } finally {
        await sleep(1);
        calls.push("cleaned up");
      }
    });
    const quick = createTask(() => sleep(3600));
    const results = gather([done, slow, quick]);
    await sleep(0);
    assert(results.cancel("all"));
    assertFalse(results.done());
    await assertRejects(() => results, CancelledError, "all");
    // The first child that ended as cancelled is what ends it.
    assert(quick.cancelled());
    assertFalse(results.cancel());
    await assertRejects(() => slow, CancelledError);
    assertEquals(calls, ["cleaned up"]);
  }, VIRTUAL));

Deno.test("gather() is cancelled with the task that awaits it, with returnExceptions too", () =>
  run(async () => {
    for (const returnExceptions of [false, true]) {
      const children = [0, 1].map(() => createTask(() => sleep(3600)));
      const task = createTask(() => gather(children, { returnExceptions }));
      await sleep(0);
      await sleep(0);
      task.cancel("all of you");
      await assertRejects(() => task, CancelledError, "all of you");
      assert(children.every((child) => child.cancelled()));
      assert(task.cancelled());
    }
  }));

Deno.test("gather() that is cancelled while its children refuse is cancelled in the end", () =>
  run(async () => {
    const child = createTask(async () => {
      try {
        await sleep(3600);
      } catch { /* refuses */ }
      return "refused";
    });
    const results = gather([child]);
    await sleep(0);
    assert(results.cancel("why"));
    await assertRejects(() => results, CancelledError, "why");
    assertEquals(await child, "refused");
  }));

Deno.test("gather() that is cancelled marks its children's exceptions as retrieved", async () => {
  for (const returnExceptions of [false, true]) {
    const loop = new VirtualTimeLoop();
    const reports: unknown[] = [];
    loop.setExceptionHandler((_, context) => void reports.push(context));
    await run(async () => {
      const child = async () => {
        try {
          await sleep(3600);
        } catch {
          throw new Error("failed to clean up");
        }
      };
      const results = gather([child, child], { returnExceptions });
      await sleep(0);
      assert(results.cancel("why"));
      const error = await assertRejects(async () => void await results);
      assertEquals(
        (error as Error).message,
        returnExceptions ? "why" : "failed to clean up",
      );
    }, { loopFactory: () => loop });
    assertEquals(reports, []);
  }
});

Deno.test("gather() cannot be cancelled any more when all children are done", () =>
  run(async () => {
    const future = new Future<number>();
    const results = gather([future]);
    future.setResult(1);
    assertFalse(results.cancel());
    assertEquals(await results, [1]);
    assertFalse(results.cancel());
  }));

Deno.test("gather() makes tasks of functions in the order in which they stand", () =>
  run(async () => {
    const calls: number[] = [];
    await gather([1, 2, 3].map((n) => () => calls.push(n)));
    assertEquals(calls, [1, 2, 3]);
  }));

Deno.test("gather() belongs to the loop of its first future", async () => {
  const loop = newEventLoop();
  const future = loop.createFuture<number>();
  const results = gather([future, () => 2]);
  assertStrictEquals(results.getLoop(), loop);
  assertEquals(allTasks(loop).size, 1);
  future.setResult(1);
  assertEquals(await loop.runUntilComplete(results), [1, 2]);
  loop.close();
});

Deno.test("gather() works outside every task", async () => {
  assertEquals(await gather([() => sleep(0.001, 1), sleep(0, 2)]), [1, 2]);
  assertStrictEquals(gather([]).getLoop(), getEventLoop());
});

Deno.test("gather() rejects what it cannot await, before anything runs", () =>
  run(async () => {
    const calls: string[] = [];
    const work = () => calls.push("ran");
    assertThrows(
      () => gather([work, 1 as unknown as Awaitable<number>]),
      TypeError,
      "The awaitable of gather() at index 1 must be a future, a promise or a function: received 1",
    );
    assertThrows(
      () => gather([null as unknown as Awaitable<number>]),
      TypeError,
      "The awaitable of gather() at index 0 must be a future, a promise or a function: received null",
    );
    assertThrows(
      () => gather(work as unknown as []),
      TypeError,
      "The awaitables of gather() must be an array, as in gather([a, b]): received a function",
    );
    await sleep(0);
    assertEquals(calls, []);
    assertEquals(allTasks().size, 1);
  }));

Deno.test("gather() refuses futures of different loops", () => {
  const loops = [newEventLoop(), newEventLoop()];
  assertThrows(
    () => gather(loops.map((loop) => loop.createFuture())),
    RangeError,
    "must belong to one event loop",
  );
  for (const loop of loops) loop.close();
});
