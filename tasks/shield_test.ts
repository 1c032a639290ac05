// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  Future,
  gather,
  getRunningLoop,
  run,
  shield,
  sleep,
} from "../mod.ts";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { VirtualTimeLoop } from "../testing/mod.ts";

Deno.test("shield() settles as the inner awaitable does", () =>
  run(async () => {
    assertEquals(await shield(() => sleep(0, "result")), "result");
    await assertRejects(
      () =>
        shield(async () => {
          await sleep(0);
          throw new TypeError("inside");
        }).then(),
      TypeError,
      "inside",
    );
  }));

Deno.test("shield() returns a future that is done as it is", () =>
  run(() => {
    const future = new Future<number>();
    future.setResult(1);
    assertStrictEquals(shield(future), future);
  }));

Deno.test("shield() cancels the awaiting task and leaves the inner one running", () =>
  run(async () => {
    const inner = createTask(() => sleep(0.001, "done"));
    const outer = createTask(async () => await shield(inner));
    await sleep(0);
    outer.cancel("enough");
    await assertRejects(() => outer.then(), CancelledError, "enough");
    assertFalse(inner.done());
    assertEquals(await inner, "done");
  }));

Deno.test("shield() is cancelled with its inner task", () =>
  run(async () => {
    const inner = createTask(() => sleep(3600));
    const shielded = shield(inner);
    await sleep(0);
    inner.cancel();
    await assertRejects(() => shielded.then(), CancelledError);
    assert(shielded.cancelled());
  }));

Deno.test("shield() protects a child of gather()", () =>
  run(async () => {
    const inner = createTask(() => sleep(0.001, 1));
    const other = createTask(() => sleep(3600));
    const both = gather([shield(inner), other]);
    await sleep(0);
    both.cancel();
    await assertRejects(() => both.then(), CancelledError);
    assert(other.cancelled());
    assertEquals(await inner, 1);
  }));

Deno.test("shield() that was given up reports a later exception once", () =>
  run(async () => {
    const reports = recordExceptions(getRunningLoop());
    const inner = new Future<number>();
    const first = shield(inner);
    const second = shield(inner);
    first.cancel();
    second.cancel();
    await sleep(0);
    inner.setException(new TypeError("too late"));
    await sleep(0);
    assertEquals(
      reports.map(({ message, future }) => [message, future === inner]),
      [["An exception was thrown by a shielded future", true]],
    );
  }));

Deno.test("shield() cancelled just after its task failed marks the error as retrieved", async () => {
  const loop = new VirtualTimeLoop();
  const contexts = recordExceptions(loop);
  await run(async () => {
    const inner = new Future<void>();
    const outer = shield(inner);
    inner.setException(new Error("too late"));
    assert(outer.cancel());
    await assertRejects(async () => await outer, CancelledError);
  }, { loopFactory: () => loop });
  assertEquals(contexts, []);
});

Deno.test("shield() rejects what cannot be awaited", () => {
  assertThrows(
    () => shield(1 as unknown as Future), // a wrong type on purpose
    TypeError,
    "The awaitable of shield() must be a future, a promise or a function: received 1",
  );
});
