// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  asCompleted,
  CancelledError,
  type CompletedFuture,
  createTask,
  Future,
  run,
  sleep,
  TimeoutError,
} from "../mod.ts";

Deno.test("asCompleted() yields results in order of completion", () =>
  run(async () => {
    const futures = [new Future<string>(), new Future<string>()] as const;
    const results: string[] = [];
    const taker = createTask(async () => {
      for (const next of asCompleted(futures)) results.push(await next);
    });
    await sleep(0);
    futures[1].setResult("second");
    await sleep(0);
    futures[0].setResult("first");
    await taker;
    assertEquals(results, ["second", "first"]);
  }));

Deno.test("asCompleted() in for await yields the tasks themselves, and tasks of functions", () =>
  run(async () => {
    const task = createTask(() => sleep(0.002, "task"));
    const seen: unknown[] = [];
    for await (const each of asCompleted([task, () => sleep(0, "function")])) {
      assert(each.done());
      seen.push(
        each === task ? "the task" : each.result(),
      );
    }
    assertEquals(seen, ["function", "the task"]);
  }));

Deno.test("asCompleted() resumes after break, and cancels nothing", () =>
  run(async () => {
    const tasks = [0, 0.001, 0.002].map((delay) =>
      createTask(() => sleep(delay, delay))
    );
    const completions = asCompleted(tasks);
    const seen: CompletedFuture<number>[] = [];
    for await (const task of completions) {
      seen.push(task);
      break;
    }
    for await (const task of completions) seen.push(task);
    assertEquals(seen, tasks);
  }));

Deno.test("asCompleted() throws what its awaitables throw, and continues", () =>
  run(async () => {
    const cancelled = new Future<number>();
    cancelled.cancel("gone");
    const [first, second, third] = asCompleted([
      () => {
        throw new TypeError("failed");
      },
      cancelled,
      () => sleep(0.001, 3),
    ]);
    await assertRejects(() => first!.then(), CancelledError, "gone");
    await assertRejects(() => second!.then(), TypeError, "failed");
    assertEquals(await third, 3);
  }));

Deno.test("asCompleted() throws a TimeoutError for all that are not done in time", () =>
  run(async () => {
    const never = new Future<number>();
    const results: unknown[] = [];
    for (
      const next of asCompleted([never, () => sleep(0, 1), new Future()], {
        timeout: 0.001,
      })
    ) {
      results.push(await next.catch((error) => (error as Error).name));
    }
    assertEquals(results, [1, "TimeoutError", "TimeoutError"]);
    assert(!never.done());
    await assertRejects(async () => {
      for await (const _ of asCompleted([never], { timeout: 0 }));
    }, TimeoutError);
  }));

Deno.test("asCompleted() loses nothing when a consumer is cancelled", () =>
  run(async () => {
    const future = new Future<number>();
    const completions = asCompleted([future, new Future<number>()]);
    const first = createTask(() => completions.next().value!);
    const second = createTask(() => completions.next().value!);
    await sleep(0);
    future.setResult(1);
    await sleep(0); // the first is woken, and has not gone on
    first.cancel();
    await assertRejects(() => first.then(), CancelledError);
    assertEquals(await second, 1);
  }));

Deno.test("asCompleted() of nothing ends at once", () =>
  run(async () => {
    const completions = asCompleted([]);
    assertEquals([...completions], []);
    for await (const _ of completions) throw new Error("there is nothing");
    assertStrictEquals(completions[Symbol.iterator](), completions);
  }));

Deno.test("asCompleted() refuses wrong arguments", () => {
  assertThrows(
    () => asCompleted(new Future() as unknown as Future[]), // a wrong type on purpose
    TypeError,
    "asCompleted([a, b])",
  );
  assertThrows(
    () => asCompleted([() => assert(false), 1] as unknown as Future[]), // a wrong type on purpose
    TypeError,
    "The awaitable of asCompleted() at index 1 must be a future, a promise or a function: received 1",
  );
  assertThrows(
    () => asCompleted([], { timeout: NaN }),
    RangeError,
    "timeout",
  );
});

Deno.test("asCompleted() counts a future that is listed twice once, and calls a function twice", () =>
  run(async () => {
    let calls = 0;
    const count = async () => {
      await sleep(0);
      return ++calls;
    };
    const task = createTask(() => "task");
    const promise = Promise.resolve("promise");
    const all = [task, count, task, promise, count, promise];
    const results: unknown[] = [];
    for (const each of asCompleted(all)) results.push(await each);
    assertEquals(results.toSorted(), [1, 2, "promise", "task"]);
  }));
