// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { inImpatientTime as inVirtualTime } from "../tests/doubles/impatient_time.ts";
import {
  CancelledError,
  Future,
  getRunningLoop,
  TimeoutError,
} from "../loop/mod.ts";
import { allTasks } from "./all_tasks.ts";
import { createTask } from "./create_task.ts";
import { currentTask } from "./current_task.ts";
import { sleep } from "./sleep.ts";
import { waitFor } from "./wait_for.ts";

Deno.test(
  "waitFor() returns a result in time, of any awaitable",
  inVirtualTime(async () => {
    for (const limit of [10, null]) {
      const result = waitFor(sleep(5, "future"), limit);
      assertType<IsExact<typeof result, Promise<string>>>(true);
      assertEquals(await result, "future");
      assertEquals(
        await waitFor(() => sleep(5, "function"), limit),
        "function",
      );
      assertEquals(await waitFor(() => "plain", limit), "plain");
      assertEquals(
        await waitFor(createTask(() => sleep(5, "task")), limit),
        "task",
      );
      assertEquals(await waitFor(Promise.resolve("promise"), limit), "promise");
    }
  }),
);

Deno.test(
  "waitFor() rethrows exceptions",
  inVirtualTime(async () => {
    const error = new Error("boom");
    for (
      const aw of [
        () => Promise.reject(error),
        Promise.reject(error),
        createTask(() => Promise.reject(error)),
      ]
    ) {
      assertStrictEquals(await assertRejects(() => waitFor(aw, 1)), error);
    }
  }),
);

Deno.test(
  "waitFor() throws a TimeoutError when the limit is reached, and cancels what it awaits",
  inVirtualTime(async () => {
    const task = createTask(() => sleep(3600));
    const error = await assertRejects(() => waitFor(task, 2), TimeoutError);
    assertInstanceOf(error.cause, CancelledError);
    assert(task.cancelled());
    assertEquals(getRunningLoop().time(), 2);
    assertEquals(currentTask()!.cancelling(), 0);

    const future = new Future();
    await assertRejects(() => waitFor(future, 1), TimeoutError);
    assert(future.cancelled());
    await assertRejects(
      () => waitFor(new Promise(() => {}), 1),
      TimeoutError,
    );
    await assertRejects(() => waitFor(() => sleep(3600), 1), TimeoutError);
  }),
);

Deno.test(
  "waitFor() waits until the cancelled awaitable has ended",
  inVirtualTime(async () => {
    const calls: string[] = [];
    const task = createTask(async () => {
      try {
        await sleep(3600);
      } finally {
        await sleep(5);
        calls.push("cleaned up");
      }
    });
    await assertRejects(() => waitFor(task, 1), TimeoutError);
    assertEquals(calls, ["cleaned up"]);
    assertEquals(getRunningLoop().time(), 6);
  }),
);

Deno.test(
  "waitFor() returns the result of an awaitable that swallows its cancellation",
  inVirtualTime(async () => {
    const refusing = async () => {
      try {
        await sleep(3600);
      } catch { /* refuses */ }
      return "late";
    };
    assertEquals(await waitFor(refusing, 1), "late");
    assertEquals(await waitFor(createTask(refusing), 1), "late");
  }),
);

Deno.test(
  "waitFor() rethrows an exception of the clean-up",
  inVirtualTime(async () => {
    const task = createTask(async () => {
      try {
        await sleep(3600);
      } catch {
        throw new RangeError("while cleaning up");
      }
    });
    await assertRejects(
      () => waitFor(task, 1),
      RangeError,
      "while cleaning up",
    );
  }),
);

Deno.test(
  "waitFor() runs a function in the calling task",
  inVirtualTime(async () => {
    const self = currentTask();
    for (const limit of [10, null]) {
      assert(await waitFor(() => currentTask() === self, limit));
    }
  }),
);

Deno.test(
  "waitFor() of zero or less returns only a done result",
  inVirtualTime(async () => {
    for (const limit of [0, -1]) {
      const done = new Future<string>();
      done.setResult("done");
      assertEquals(await waitFor(done, limit), "done");

      const failed = new Future<string>();
      failed.setException(new RangeError("boom"));
      await assertRejects(() => waitFor(failed, limit), RangeError, "boom");

      const pending = new Future<string>();
      await assertRejects(() => waitFor(pending, limit), TimeoutError);
      assert(pending.cancelled());

      const calls: string[] = [];
      await assertRejects(
        () => waitFor(() => calls.push("ran"), limit),
        TimeoutError,
      );
      assertEquals(calls, []);

      const cancelled = new Future<string>();
      cancelled.cancel("before");
      await assertRejects(
        () => waitFor(cancelled, limit),
        CancelledError,
        "before",
      );
    }
    assertEquals(getRunningLoop().time(), 0);
    assertEquals(allTasks().size, 1);
  }),
);

Deno.test(
  "waitFor() of zero waits for what it cancels, and returns its result if there is one",
  inVirtualTime(async () => {
    const refusing = createTask(async () => {
      try {
        await sleep(3600);
      } catch { /* refuses */ }
      return await sleep(1, "refused");
    });
    await sleep(1);
    assertEquals(await waitFor(refusing, 0), "refused");
    assertEquals(getRunningLoop().time(), 2);
  }),
);

Deno.test(
  "waitFor() that is cancelled cancels what it awaits",
  inVirtualTime(async () => {
    for (const limit of [10, null]) {
      const inner = createTask(() => sleep(3600));
      const task = createTask(() => waitFor(inner, limit));
      await sleep(1);
      task.cancel("from elsewhere");
      await assertRejects(() => task, CancelledError, "from elsewhere");
      assert(inner.cancelled());
    }
  }),
);

Deno.test(
  "waitFor() rethrows a cancellation of what it awaits, not a timeout",
  inVirtualTime(async () => {
    const inner = createTask(() => sleep(3600));
    getRunningLoop().callLater(1, () => inner.cancel("only it"));
    await assertRejects(() => waitFor(inner, 10), CancelledError, "only it");
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "waitFor() takes a duration",
  inVirtualTime(async () => {
    await assertRejects(
      () => waitFor(sleep(3600), { total: () => 90 }),
      TimeoutError,
    );
    assertEquals(getRunningLoop().time(), 90);
  }),
);

Deno.test(
  "waitFor() with a signal that aborts is cancelled, with the reason as the cause",
  inVirtualTime(async () => {
    const controller = new AbortController();
    const reason = new Error("why");
    const inner = createTask(() => sleep(3600));
    getRunningLoop().callLater(1, () => controller.abort(reason));
    const { signal } = controller;
    const error = await assertRejects(
      () => waitFor(inner, 10, { signal }),
      CancelledError,
    );
    assertStrictEquals(error.cause, reason);
    assert(inner.cancelled());
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "waitFor() with a signal that is aborted already does not run the function",
  inVirtualTime(async () => {
    const calls: string[] = [];
    const error = await assertRejects(
      () =>
        waitFor(() => calls.push("ran"), 10, {
          signal: AbortSignal.abort("why"),
        }),
      CancelledError,
    );
    assertEquals(error.cause, "why");
    assertEquals(calls, []);
  }),
);

Deno.test(
  "waitFor() with a signal that does not abort returns the result",
  inVirtualTime(async () => {
    const { signal } = new AbortController();
    assertEquals(await waitFor(sleep(1, "in time"), 10, { signal }), "in time");
    await assertRejects(
      () => waitFor(sleep(3600), 10, { signal }),
      TimeoutError,
    );
  }),
);

Deno.test("waitFor() works outside every task", async () => {
  assertEquals(await waitFor(sleep(0.001, "in time"), 10), "in time");
  await assertRejects(() => waitFor(sleep(3600), 0.001), TimeoutError);
  await assertRejects(() => waitFor(new Future(), 0), TimeoutError);
});

Deno.test(
  "waitFor() refuses wrong arguments, and changes nothing",
  inVirtualTime(async () => {
    const future = new Future();
    for (
      const [value, received] of [["1", '"1"'], [undefined, "undefined"]]
    ) {
      await assertRejects(
        () => waitFor(future, value as unknown as number),
        TypeError,
        `The timeout of waitFor() must be a number of seconds or a Temporal.Duration: received ${received}`,
      );
    }
    assertFalse(future.done());
    for (const [value, received] of [[1, "1"], [null, "null"]]) {
      await assertRejects(
        () => waitFor(value as unknown as Future, 1),
        TypeError,
        `The awaitable of waitFor() must be a future, a promise or a function: received ${received}`,
      );
    }
  }),
);
