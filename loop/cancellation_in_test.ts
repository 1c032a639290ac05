// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  run,
  sleep,
  taskGroup,
  timeout,
  TimeoutError,
} from "../mod.ts";
import { cancellationIn } from "./cancellation_in.ts";

/** What takes long to dispose of. */
function slow(): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      await sleep(60);
    },
  };
}

async function failAndDispose(): Promise<void> {
  await using _ = slow();
  throw new RangeError("earlier");
}

Deno.test("cancellationIn() finds the cancellation that came last", () => {
  const cancellation = new CancelledError();
  const other = new RangeError();
  assertEquals(cancellationIn(cancellation), cancellation);
  assertEquals(
    cancellationIn(new SuppressedError(cancellation, other)),
    cancellation,
  );
  assertEquals(
    cancellationIn(
      new SuppressedError(new SuppressedError(cancellation, other), other),
    ),
    cancellation,
  );
  assertEquals(cancellationIn(new SuppressedError(other, cancellation)), null);
  assertEquals(cancellationIn(other), null);
  assertEquals(cancellationIn(undefined), null);
});

Deno.test("Task ends as cancelled where that strikes while it disposes of what failed", () =>
  run(async () => {
    const task = createTask(failAndDispose);
    await sleep(0);
    task.cancel("enough");
    const error = await assertRejects(() => task, CancelledError);
    assertEquals(error.message, "enough");
    assert(task.cancelled());
  }));

Deno.test("timeout() that strikes while its body disposes of what failed is a TimeoutError", () =>
  run(async () => {
    await assertRejects(() => timeout(0.001, failAndDispose), TimeoutError);
  }));

Deno.test("taskGroup() that is cancelled while its body disposes of what failed is cancelled", () =>
  run(async () => {
    const task = createTask(() => taskGroup(failAndDispose));
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assert(task.cancelled());
  }));
