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
import {
  CancelledError,
  getRunningLoop,
  RuntimeError,
  TimeoutError,
} from "../loop/mod.ts";
import { inVirtualTime } from "../testing/in_virtual_time.ts";
import type { VirtualTimeLoop } from "../testing/virtual_time_loop.ts";
import {
  CancelScope,
  cancelScope,
  moveOnAfter,
  rethrowCancelled,
  shielded,
} from "./cancel_scope.ts";
import { createTask, currentTask } from "./create_task.ts";
import { sleep } from "./sleep.ts";
import { EventEmitter, once } from "node:events";
import { timeout } from "./timeout.ts";

// How scopes nest is in tests/cancel_scope/table_test.ts.

Deno.test(
  "cancelScope() returns what the body returns",
  inVirtualTime(async () => {
    const result = cancelScope(() => sleep(1, "value"));
    assertType<IsExact<typeof result, Promise<string | undefined>>>(true);
    assertEquals(await result, "value");
    assertEquals(await cancelScope(() => "plain"), "plain");
  }),
);

Deno.test(
  "cancelScope() throws what the body throws",
  inVirtualTime(async () => {
    await assertRejects(
      () => cancelScope(() => Promise.reject(new RangeError("own"))),
      RangeError,
      "own",
    );
    for (const value of [undefined, null, 0]) {
      const thrown = cancelScope(() => Promise.reject(value));
      assertStrictEquals(
        await thrown.then(() => "none", (error) => error),
        value,
      );
    }
  }),
);

Deno.test("cancelScope() outside every task runs its body in a task of its own", async () => {
  assertEquals(await cancelScope(() => currentTask() !== null), true);
});

Deno.test(
  "CancelScope.cancel() ends the body, and the scope catches it",
  inVirtualTime(async () => {
    const scope = new CancelScope();
    assertEquals(String(scope), "<CancelScope created>");
    getRunningLoop().callLater(1, () => scope.cancel("enough"));
    let error: unknown;
    const result = await scope.run(async (given) => {
      assertStrictEquals(given, scope);
      assertEquals(Deno.inspect(scope), "<CancelScope active>");
      await sleep(9).catch((each) => {
        error = each;
        throw each;
      });
      return "never";
    });
    assertEquals(result, undefined);
    assert(scope.cancelled);
    assert(scope.caught);
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "enough");
    assertEquals(String(scope), "<CancelScope finished cancelled>");
    assertEquals(currentTask()!.cancelling(), 0);
    assertEquals(await sleep(1, "goes on"), "goes on");
  }),
);

Deno.test(
  "CancelScope.cancel() before run() is thrown at the first await of the body",
  inVirtualTime(async () => {
    const scope = new CancelScope();
    scope.cancel();
    const steps: string[] = [];
    await scope.run(async () => {
      steps.push("begins");
      await sleep(0);
      steps.push("never");
    });
    assertEquals(steps, ["begins"]);
    assert(scope.caught);
  }),
);

Deno.test(
  "CancelScope that was cancelled long before is cancelled in a clean-up, too",
  inVirtualTime(async () => {
    const scope = new CancelScope();
    scope.cancel();
    const task = createTask(async () => {
      try {
        await sleep(9);
      } finally {
        await scope.run(() => sleep(5));
        await sleep(1);
      }
    });
    await sleep(1);
    task.cancel();
    const begun = getRunningLoop().time();
    await assertRejects(() => task, CancelledError);
    assertEquals(getRunningLoop().time() - begun, 1);
    assert(scope.caught);
  }),
);

Deno.test(
  "CancelScope.cancelled and caught stay apart where the body caught the error, or had ended",
  inVirtualTime(async () => {
    const scope = new CancelScope();
    scope.cancel();
    const value = await scope.run(() => sleep(9).then(() => 1, () => 2));
    assertEquals([value, scope.cancelled, scope.caught], [2, true, false]);
    const other = new CancelScope();
    await other.run(() => {});
    assertFalse(other.cancelled);
    other.cancel();
    assertEquals([other.cancelled, other.caught], [true, false]);
  }),
);

Deno.test(
  "CancelScope.run() refuses to run twice",
  inVirtualTime(async () => {
    const scope = new CancelScope();
    await scope.run(async (scope) => {
      await assertRejects(() => scope.run(() => {}), RuntimeError, "already");
    });
    await assertRejects(() => scope.run(() => {}), RuntimeError, "already");
  }),
);

Deno.test(
  "CancelScope.deadline cancels, and can be moved while the body runs",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const begun = loop.time();
    const scope = new CancelScope({ deadline: begun + 5 });
    assertEquals(scope.deadline, begun + 5);
    loop.callLater(1, () => scope.deadline = begun + 9);
    loop.callLater(6, () => scope.deadline = null);
    loop.callLater(20, () => scope.deadline = begun + 2);
    await scope.run(() => sleep(100));
    assertEquals(loop.time() - begun, 20);
    assert(scope.caught);
    assertEquals(scope.deadline, begun + 2);
  }),
);

Deno.test(
  "CancelScope.deadline that has passed is thrown at the first await",
  inVirtualTime(async () => {
    const deadline = getRunningLoop().time();
    const scope = new CancelScope({ deadline });
    await scope.run(() => sleep(0));
    assert(scope.caught);
  }),
);

Deno.test(
  "CancelScope.cancelled is true as soon as the deadline has passed, also without an await",
  inVirtualTime(async () => {
    const loop = getRunningLoop() as VirtualTimeLoop;
    const early = new CancelScope({ deadline: loop.time() + 1 });
    assertEquals(early.cancelled, false);
    await sleep(2);
    assertEquals(early.cancelled, true);
    const ended = new CancelScope({ deadline: loop.time() + 1 });
    await ended.run(() => {});
    await sleep(2);
    assertEquals(ended.cancelled, false);
    const scope = new CancelScope({ deadline: loop.time() + 1 });
    await scope.run(async () => {
      loop.advance(2);
      assertEquals(scope.cancelled, true);
      await sleep(0);
    });
    assertEquals(scope.caught, true);
  }),
);

Deno.test(
  "CancelScope with a signal is cancelled when that aborts",
  inVirtualTime(async () => {
    const controller = new AbortController();
    getRunningLoop().callLater(1, () => controller.abort("the reason"));
    let cause: unknown;
    const body = () =>
      sleep(9).catch((error) => {
        cause = (error as Error).cause;
        throw error;
      });
    const { signal } = controller;
    assertEquals(await cancelScope(body, { signal }), undefined);
    assertEquals(cause, "the reason");
    cause = null;
    assertEquals(await cancelScope(body, { signal }), undefined);
    assertEquals(cause, "the reason");
  }),
);

Deno.test("CancelScope.signal is aborted if the scope was cancelled before it was read", async () => {
  const scope = new CancelScope();
  scope.cancel("early");
  const { signal } = scope;
  assert(signal.aborted);
  assertInstanceOf(signal.reason, CancelledError);
  assertEquals(signal.reason.message, "early");
  await scope.run(() => assertStrictEquals(scope.signal, signal));
});

Deno.test(
  "CancelScope.signal aborts when the scope or the task is cancelled",
  inVirtualTime(async () => {
    const scope = new CancelScope();
    const { signal } = scope;
    getRunningLoop().callLater(1, () => scope.cancel());
    await scope.run(() => {
      assertStrictEquals(scope.signal, signal);
      return sleep(9);
    });
    assertInstanceOf(signal.reason, CancelledError);
    let inner: AbortSignal | undefined;
    const task = createTask(() =>
      cancelScope((scope) => {
        inner = scope.signal;
        return sleep(9);
      })
    );
    await sleep(1);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assert(inner?.aborted);
    const unused = new CancelScope();
    const early = unused.signal;
    unused.cancel();
    assert(early.aborted);
  }),
);

Deno.test(
  "CancelScope checks its options",
  inVirtualTime(async () => {
    const wrong = (options: unknown) => () =>
      new CancelScope(options as undefined);
    assertThrows(wrong({ deadline: "1" }), TypeError, "deadline");
    assertThrows(wrong({ deadline: NaN }), RangeError, "deadline");
    assertThrows(wrong({ shield: 1 }), TypeError, "shield");
    assertThrows(wrong({ persistent: "yes" }), TypeError, "persistent");
    assertThrows(wrong({ signal: {} }), TypeError, "signal");
    assertThrows(wrong(null), TypeError);
    const scope = new CancelScope();
    assertThrows(() => scope.deadline = NaN, RangeError, "deadline");
    assertThrows(() => scope.shield = 1 as unknown as boolean, TypeError);
    const noFunction = sleep(0) as unknown as () => void;
    await assertRejects(() => scope.run(noFunction), TypeError);
    await assertRejects(() => cancelScope(noFunction), TypeError);
    await assertRejects(() => moveOnAfter(1, noFunction), TypeError);
    await assertRejects(
      () => moveOnAfter(1, () => {}, 1 as unknown as () => void),
      TypeError,
      "otherwise",
    );
    await assertRejects(() => moveOnAfter(NaN, () => {}), RangeError, "delay");
    await assertRejects(() => shielded(noFunction), TypeError);
    await assertRejects(
      () => shielded(() => {}, { within: NaN }),
      RangeError,
      "within",
    );
  }),
);

Deno.test(
  "moveOnAfter() returns the value of the body or its fallback",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const begun = loop.time();
    const value = moveOnAfter(2, () => sleep(1, "value"), () => 5);
    assertType<IsExact<typeof value, Promise<string | number>>>(true);
    assertEquals(await value, "value");
    assertEquals(await moveOnAfter(1, () => sleep(9)), undefined);
    assertEquals(await moveOnAfter(1, () => sleep(9), () => sleep(1, 5)), 5);
    assertEquals(loop.time() - begun, 4);
    assertEquals(await moveOnAfter(null, () => sleep(9, "late")), "late");
    assertEquals(await moveOnAfter(0, () => sleep(0, 1), () => 2), 2);
    // The body's own undefined is a value.
    assertEquals(await moveOnAfter(1, () => {}, () => "no"), undefined);
  }),
);

Deno.test(
  "moveOnAfter() propagates a cancellation of the task",
  inVirtualTime(async () => {
    const task = createTask(() =>
      moveOnAfter(5, () => sleep(9), () => "never")
    );
    await sleep(1);
    task.cancel();
    await assertRejects(() => task, CancelledError);
  }),
);

Deno.test(
  "shielded() lets a clean-up finish within its limit",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const ends: unknown[] = [];
    const task = createTask(async () => {
      try {
        await sleep(9);
      } finally {
        ends.push(await shielded(() => sleep(2, "cleaned")));
        ends.push(await shielded(() => sleep(9, "never"), { within: 3 }));
      }
    });
    await sleep(1);
    task.cancel();
    await sleep(1);
    task.cancel();
    const begun = loop.time();
    await assertRejects(() => task, CancelledError);
    // Between the two there is no await at which the requests could take effect.
    assertEquals(ends, ["cleaned", undefined]);
    assertEquals(loop.time() - begun, 4);
  }),
);

Deno.test(
  "CancelScope passes on a request from before that has not been delivered",
  inVirtualTime(async () => {
    for (const persistent of [false, true]) {
      let wentOn = false;
      const scope = new CancelScope({ persistent });
      const task = createTask(async () => {
        await shielded(() => sleep(2));
        await scope.run(async () => {
          scope.cancel();
          await sleep(1);
        });
        wentOn = true;
      });
      await sleep(1);
      task.cancel(); // waits for the end of the shield
      await assertRejects(() => task, CancelledError);
      assertEquals([scope.caught, wentOn], [false, false]);
    }
  }),
);

Deno.test("rethrowCancelled() throws what is a cancellation", () => {
  const cancelled = new CancelledError("stop");
  for (
    const error of [
      cancelled,
      new Error("wrapped", { cause: cancelled }),
      new Error("twice", { cause: new Error("wrapped", { cause: cancelled }) }),
      new SuppressedError(cancelled, new Error("before")),
    ]
  ) {
    const thrown = assertThrows(() => rethrowCancelled(error));
    assertEquals(thrown, error);
  }
});

Deno.test("rethrowCancelled() does nothing with anything else", () => {
  const cancelled = new CancelledError();
  const circle = new Error("circle");
  circle.cause = circle;
  const late = new TimeoutError("late", { cause: cancelled });
  for (
    const error of [
      late,
      new Error("wrapped", { cause: late }),
      new Error("plain"),
      new DOMException("aborted by someone", "AbortError"),
      circle,
      undefined,
      null,
      "text",
      { cause: cancelled },
    ]
  ) rethrowCancelled(error);
});

Deno.test(
  "rethrowCancelled() lets a time limit of the body be handled",
  inVirtualTime(async () => {
    let handled: unknown;
    try {
      await timeout(1, () => sleep(2));
    } catch (error) {
      rethrowCancelled(error);
      handled = error;
    }
    assert(handled instanceof TimeoutError);
  }),
);

Deno.test(
  "rethrowCancelled() lets the cancellation of its task through",
  inVirtualTime(async () => {
    const task = createTask(async () => {
      try {
        await sleep(60);
      } catch (error) {
        rethrowCancelled(error);
      }
    });
    await sleep(1);
    task.cancel();
    await task.catch(() => {});
    assert(task.cancelled());
  }),
);

Deno.test("rethrowCancelled() knows the error of an operation that obeyed the signal", async () => {
  const task = createTask(async () => {
    try {
      // Its AbortError has the reason of the signal as its cause, in some versions none.
      await once(new EventEmitter(), "never", {
        signal: currentTask()!.signal,
      });
    } catch (error) {
      assertEquals((error as Error).name, "AbortError");
      rethrowCancelled(error);
    }
  });
  await sleep(0);
  task.cancel();
  await task.catch(() => {});
  assert(task.cancelled());
});
