// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { once } from "node:events";
import { EventEmitter } from "node:events";
import { CancelledError, TimeoutError } from "../loop/mod.ts";
import { inVirtualTime } from "../testing/in_virtual_time.ts";
import { createTask } from "./create_task.ts";
import { currentTask } from "./current_task.ts";
import { rethrowCancelled } from "./rethrow_cancelled.ts";
import { sleep } from "./sleep.ts";
import { timeout } from "./timeout.ts";

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
