// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { createTask, run, sleep } from "../tasks/mod.ts";
import {
  CancelledError,
  Future,
  getRunningLoop,
  newEventLoop,
  wrapFuture,
} from "./mod.ts";

Deno.test("wrapFuture() gives a future of a promise's result", () =>
  run(async () => {
    const future = wrapFuture(Promise.resolve(1));
    assert(future instanceof Future);
    assertFalse(future.done());
    assertStrictEquals(future.getLoop(), getRunningLoop());
    assertEquals(await future, 1);
  }));

Deno.test("wrapFuture() gives a future of a promise's rejection, also of no Error", () =>
  run(async () => {
    const error = new Error("boom");
    assertStrictEquals(
      await assertRejects(() => wrapFuture(Promise.reject(error))),
      error,
    );
    const odd = wrapFuture(Promise.reject("text"));
    assertEquals(await odd.catch((reason) => reason), "text");
    assertEquals(odd.exception()?.cause, "text");
  }));

Deno.test("wrapFuture() takes any thenable, also one that calls back at once", () =>
  run(async () => {
    const thenable = {
      then(resolve: (value: string) => void) {
        resolve("now");
      },
    } as PromiseLike<string>;
    const future = wrapFuture(thenable);
    assert(future.done());
    assertEquals(await future, "now");
  }));

Deno.test("wrapFuture() returns a future as it is", () =>
  run(() => {
    const future = new Future();
    assertStrictEquals(wrapFuture(future), future);
  }));

Deno.test("wrapFuture() makes a future that cancelling detaches from the promise", () =>
  run(async () => {
    for (const end of ["resolve", "reject"] as const) {
      const gate = Promise.withResolvers<string>();
      const future = wrapFuture(gate.promise);
      const task = createTask(() => future);
      await sleep(0);
      task.cancel("enough");
      await assertRejects(() => task, CancelledError, "enough");
      assert(future.cancelled());
      gate[end]("late");
      // What comes too late is nobody's unhandled rejection either.
      await sleep(0);
      assert(future.cancelled());
    }
  }));

Deno.test("wrapFuture() makes a future of the loop that it is given", () => {
  const loop = newEventLoop();
  const future = wrapFuture(Promise.resolve(), { loop });
  assertStrictEquals(future.getLoop(), loop);
  loop.close();
});

Deno.test("wrapFuture() refuses what is no promise", () => {
  for (
    const [value, received] of [[1, "number"], [() => {}, "function"], [
      undefined,
      "undefined",
    ]]
  ) {
    assertThrows(
      () => wrapFuture(value as unknown as Promise<void>),
      TypeError,
      `wrapFuture() takes a promise: received ${received}`,
    );
  }
});
