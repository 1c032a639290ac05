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
import {
  ALL_COMPLETED,
  asCompleted,
  CancelledError,
  type CompletedFuture,
  createTask,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  Future,
  run,
  sleep,
  type Task,
  TimeoutError,
  wait,
  waitFor,
} from "../mod.ts";

function futures(count: number): Future<number>[] {
  return Array.from({ length: count }, () => new Future<number>());
}

Deno.test("wait() returns when all are done, in the sets they belong to", () =>
  run(async () => {
    const [a, b] = futures(2) as [Future<number>, Future<number>];
    const waiting = createTask(() => wait([a, b]));
    a.setResult(1);
    await sleep(0);
    await sleep(0);
    assertFalse(waiting.done());
    b.setException(new TypeError("no"));
    assertEquals(await waiting, [new Set([a, b]), new Set()]);
    assertInstanceOf(b.exception(), TypeError);
  }));

Deno.test("wait() with FIRST_COMPLETED returns at the first, and cancels nothing", () =>
  run(async () => {
    const [a, b] = futures(2) as [Future<number>, Future<number>];
    const waiting = createTask(() =>
      wait([a, b], { returnWhen: FIRST_COMPLETED })
    );
    await sleep(0);
    b.cancel();
    assertEquals(await waiting, [new Set([b]), new Set([a])]);
    assertFalse(a.done());
  }));

Deno.test("wait() with FIRST_EXCEPTION returns at the first failure, not at a cancellation", () =>
  run(async () => {
    const [a, b, c, d] = futures(4) as [
      Future<number>,
      Future<number>,
      Future<number>,
      Future<number>,
    ];
    const waiting = createTask(() =>
      wait([a, b, c, d], { returnWhen: FIRST_EXCEPTION })
    );
    await sleep(0);
    a.setResult(1);
    b.cancel();
    await sleep(0);
    await sleep(0);
    assertFalse(waiting.done());
    c.setException(new RangeError("first"));
    assertEquals(await waiting, [new Set([a, b, c]), new Set([d])]);
    c.exception();
  }));

Deno.test("wait() returns without an error when its limit expires", () =>
  run(async () => {
    const [a, b] = futures(2) as [Future<number>, Future<number>];
    a.setResult(1);
    assertEquals(
      await wait([a, b], { timeout: 0.001, returnWhen: ALL_COMPLETED }),
      [new Set([a]), new Set([b])],
    );
    assertEquals(await wait([b], { timeout: 0 }), [new Set(), new Set([b])]);
    assertFalse(b.done());
  }));

Deno.test("wait() leaves the futures running when the awaiting task is cancelled", () =>
  run(async () => {
    const [a] = futures(1) as [Future<number>];
    const waiting = createTask(() => wait([a, a], { timeout: 3600 }));
    await sleep(0);
    waiting.cancel();
    await assertRejects(() => waiting.then(), CancelledError);
    assertFalse(a.done());
    a.setResult(1);
    assertEquals(await a, 1);
  }));

Deno.test("wait() counts a future that is listed twice once", () =>
  run(async () => {
    const [a] = futures(1) as [Future<number>];
    a.setResult(1);
    const [done] = await wait(new Set([a, a]));
    assertEquals(done.size, 1);
  }));

Deno.test("wait() works outside run()", async () => {
  const task = createTask(() => sleep(0.001, "done"));
  const [done, pending] = await wait([task]);
  assert(done.has(task));
  assertEquals(pending.size, 0);
  assertEquals(await waitFor(task, 1), "done");
});

Deno.test("wait() refuses wrong arguments", () => {
  const future = new Future();
  assertThrows(() => wait([]), RangeError, "must be one or more");
  assertThrows(
    () => wait(future as unknown as Future[]), // a wrong type on purpose
    TypeError,
    "The futures of wait() must be an iterable, as in wait([a, b]): received an instance of Future",
  );
  assertThrows(
    () => wait([() => 1] as unknown as Future[]), // a wrong type on purpose
    TypeError,
    "Each of the futures of wait() must be a future or a task, which createTask() makes of a function: received a function",
  );
  assertThrows(
    () => wait([future], { returnWhen: "SOMETIMES" as "ALL_COMPLETED" }),
    RangeError,
    "SOMETIMES",
  );
  assertThrows(
    () => wait([future], { timeout: NaN }),
    RangeError,
    "timeout",
  );
});

Deno.test("wait() with a time limit can include the task that awaits the caller", () =>
  run(async () => {
    const task: Task<unknown> = createTask(async () => {
      await sleep(0);
      return await waiting;
    });
    const waiting = createTask(async () => {
      const [done, pending] = await wait([task], { timeout: 0.001 });
      return [done.size, pending.size];
    });
    assertEquals(await task, [0, 1]);
  }));

Deno.test("wait() returns a done future once, though another completes just then", () =>
  run(async () => {
    const [first, second] = [new Future<void>(), new Future<void>()];
    const waiting = wait([first, second], { returnWhen: FIRST_COMPLETED });
    assert(waiting instanceof Future);
    first.addDoneCallback(() => second.setResult());
    first.setResult();
    const [done, pending] = await waiting;
    await sleep(0);
    await sleep(0);
    assertEquals(waiting.result(), [done, pending]);
  }));

Deno.test("wait() can be cancelled by itself, and leaves its futures running", () =>
  run(async () => {
    const future = new Future<void>();
    const waiting = wait([future], { timeout: 3600 });
    const alongside = sleep(0.001, "there");
    const both = Promise.allSettled([waiting, alongside]);
    await sleep(0);
    assert(waiting.cancel());
    const [first, second] = await both;
    assertEquals(first.status, "rejected");
    assertEquals(second.status, "fulfilled");
    assert(waiting.cancelled());
    assertFalse(future.done());
  }));

Deno.test("wait() and asCompleted() without time end after what is ready, as in asyncio", () =>
  run(async () => {
    const limits = {
      wait: (task: Task<unknown>) => wait([task], { timeout: 0 }),
      async asCompleted(task: Task<unknown>) {
        for await (const _ of asCompleted([task], { timeout: 0 }));
      },
    };
    for (const [name, begin] of Object.entries(limits)) {
      const events: string[] = [];
      const limited = createTask(async () => {
        const task = createTask(() => sleep(1));
        try {
          await begin(task);
        } catch (error) {
          assert(error instanceof TimeoutError);
        }
        events.push("over");
        task.cancel();
      });
      const other = createTask(async () => {
        for (let pass = 0; pass < 3; pass++) {
          events.push(`pass ${pass}`);
          await sleep(0);
        }
      });
      await wait([limited, other]);
      assertEquals(events, ["pass 0", "pass 1", "pass 2", "over"], name);
    }
  }));

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
