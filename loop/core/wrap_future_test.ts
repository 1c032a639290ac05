// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { createTask, run, sleep, waitFor } from "../../tasks/mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";
import {
  CancelledError,
  Future,
  getRunningLoop,
  newEventLoop,
  RuntimeError,
  wrapFuture,
} from "../mod.ts";

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

/** Thenables that do not keep to what is asked of them, and how a future of each ends. */
const ODD_THENABLES: readonly (readonly [
  name: string,
  then: (
    resolve: (value: string) => void,
    reject: (error: Error) => void,
  ) => void,
  outcome: string,
])[] = [
  ["throws", () => {
    throw new Error("thrown");
  }, "Error: thrown"],
  ["resolves twice", (resolve) => {
    resolve("first");
    resolve("second");
  }, "first"],
  ["resolves twice later", (resolve) => {
    queueMicrotask(() => resolve("first"));
    queueMicrotask(() => resolve("second"));
  }, "first"],
  ["resolves and rejects", (resolve, reject) => {
    resolve("first");
    reject(new Error("second"));
  }, "first"],
  ["rejects twice", (_, reject) => {
    reject(new Error("first"));
    reject(new Error("second"));
  }, "Error: first"],
  ["resolves and throws", (resolve) => {
    resolve("first");
    throw new Error("thrown");
  }, "first"],
];

for (const [name, then, outcome] of ODD_THENABLES) {
  Deno.test(`wrapFuture() takes a thenable that ${name}, and the loop counts it once`, async () => {
    const end = async () => {
      const future = wrapFuture({ then } as PromiseLike<string>);
      assertEquals(await future.catch(String), outcome);
    };
    // Such a loop refuses to wait while anything outside it is counted.
    await inVirtualTime(async () => {
      await end();
      await sleep(1);
    }, { io: "refuse" })();
    const { promise, resolve } = Promise.withResolvers<void>();
    await assertRejects(
      inVirtualTime(async () => {
        await end();
        await waitFor(promise, 1);
      }, { io: "refuse" }),
      RuntimeError,
      "Cannot wait for something outside",
    );
    resolve();
  });
}

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
      // A late rejection is not unhandled either.
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

Deno.test("wrapFuture() refuses values other than promises", () => {
  for (
    const [value, received] of [[1, "1"], [() => {}, "a function"], [
      undefined,
      "undefined",
    ]]
  ) {
    assertThrows(
      () => wrapFuture(value as unknown as Promise<void>),
      TypeError,
      `The promise of wrapFuture() must be a promise: received ${received}`,
    );
  }
});
