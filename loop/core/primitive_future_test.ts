// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { createTask, run, sleep } from "../../tasks/mod.ts";
import { CancelledError } from "../mod.ts";
import {
  type Settlement,
  withCancellation,
  withError,
  withResult,
} from "./future.ts";
import {
  failed,
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "./primitive_future.ts";
import { currentScheduler, Scheduler } from "./scheduler.ts";

/** Returns the outcomes of operations whose ends are given in advance. */
class Subject {
  readonly log: string[] = [];
  readonly ends: (() => Settlement | null)[];
  constructor(...ends: (() => Settlement | null)[]) {
    this.ends = ends;
  }
}

const KIND: PrimitiveBehavior<string, Subject> = {
  name: "the operation",
  poll({ log, ends }) {
    log.push("proceed");
    return ends.shift()!();
  },
  onCancelled({ log }) {
    log.push("onCancelled");
  },
  handBack({ log }, _, wasWoken) {
    log.push(`abandon ${wasWoken}`);
  },
};

function operationOn(subject: Subject): PrimitiveFuture<string, Subject> {
  return new PrimitiveFuture(currentScheduler(), KIND, subject);
}

Deno.test("PrimitiveFuture.wake() lets the operation end in its turn", () =>
  run(async () => {
    const subject = new Subject(() => withResult("granted"));
    const operation = operationOn(subject);
    operation.wake();
    operation.wake();
    assertEquals(subject.log, []);
    assertFalse(operation.done());
    assertEquals(await operation, "granted");
    assertEquals(subject.log, ["proceed"]);
  }));

Deno.test("PrimitiveFuture that gives null waits again", () =>
  run(async () => {
    const subject = new Subject(() => null, () => withResult("granted"));
    const operation = operationOn(subject);
    operation.wake();
    await sleep(0);
    assertFalse(operation.done());
    operation.wake();
    await sleep(0);
    assertEquals(operation.result(), "granted");
    assertEquals(subject.log, ["proceed", "proceed"]);
  }));

Deno.test("PrimitiveFuture.cancel() of a waiter ends it in its turn, first message wins", () =>
  run(async () => {
    const subject = new Subject();
    const operation = operationOn(subject);
    const task = createTask(() => operation);
    await sleep(0);
    assert(operation.cancel("first"));
    assertEquals(subject.log, ["onCancelled"]);
    assertFalse(operation.done());
    assert(operation.cancel("second"));
    operation.wake();
    await assertRejects(() => task, CancelledError, "first");
    assertEquals(subject.log, ["onCancelled", "abandon false"]);
    assertFalse(operation.cancel());
  }));

Deno.test("PrimitiveFuture.cancel() after wake() abandons the grant, last message wins", () =>
  run(async () => {
    const subject = new Subject();
    const operation = operationOn(subject);
    const task = createTask(() => operation);
    await sleep(0);
    operation.wake();
    assert(operation.cancel("first"));
    assert(operation.cancel("second"));
    await assertRejects(() => task, CancelledError, "second");
    assertEquals(subject.log, ["abandon true"]);
  }));

Deno.test("PrimitiveFuture that throws fails, and abandons what was granted", () =>
  run(async () => {
    const subject = new Subject(() => {
      throw new RangeError("boom");
    });
    const operation = operationOn(subject);
    operation.wake();
    await assertRejects(() => operation, RangeError, "boom");
    assertEquals(subject.log, ["proceed", "abandon true"]);
  }));

Deno.test("PrimitiveFuture takes effect even if it is not awaited", () =>
  run(async () => {
    const subject = new Subject(() => withError(new RangeError("boom")));
    const operation = operationOn(subject);
    operation.wake();
    await sleep(0);
    assertEquals(subject.log, ["proceed"]);
    await assertRejects(() => operation, RangeError, "boom");
  }));

Deno.test("WaitQueue wakes waiters in order, and skips those that have left", () =>
  run(async () => {
    for (const leaver of [0, 1, 2]) {
      const line = new WaitQueue();
      const woken: number[] = [];
      const operations = [0, 1, 2].map((index) =>
        operationOn(
          new Subject(() => {
            woken.push(index);
            return withResult("granted");
          }),
        )
      );
      for (const operation of operations) operation.joinQueue(line);
      operations[leaver]!.leaveQueue();
      operations[leaver]!.leaveQueue();
      assert(line.wakeOne());
      line.wakeAll();
      assertFalse(line.wakeOne());
      assertEquals([line.first, line.last], [null, null]);
      await sleep(0);
      assertEquals(woken, [0, 1, 2].filter((index) => index !== leaver));
    }
  }));

Deno.test("failed() gives a future that has failed", () =>
  run(async () => {
    const future = failed(currentScheduler(), new RangeError("boom"));
    assert(future.done());
    await assertRejects(() => future, RangeError, "boom");
  }));

Deno.test("PrimitiveFuture.toString() says what the program called", () =>
  run(() => {
    const operation = operationOn(new Subject(() => withResult("granted")));
    assertEquals(`${operation}`, "<the operation pending>");
  }));

Deno.test("PrimitiveFuture with onceAbandoned() continues to wait when cancelled", () =>
  run(async () => {
    const subject = new Subject(() => withCancellation("last"));
    const kind: PrimitiveBehavior<string, Subject> = {
      ...KIND,
      onceAbandoned({ log }, _, message) {
        log.push(`onceAbandoned ${message}`);
        return message === "now" ? withResult("ended") : null;
      },
    };
    const operation = new PrimitiveFuture(currentScheduler(), kind, subject);
    const task = createTask(() => operation);
    await sleep(0);
    for (const message of ["first", "second"]) {
      assert(operation.cancel(message));
      await sleep(0);
      assertFalse(operation.done());
    }
    operation.wake();
    await assertRejects(() => task, CancelledError, "last");
    assertEquals(subject.log, [
      "onCancelled",
      "abandon false",
      "onceAbandoned first",
      "onCancelled",
      "abandon false",
      "onceAbandoned second",
      "proceed",
    ]);
    const other = new PrimitiveFuture(currentScheduler(), kind, new Subject());
    other.cancel("now");
    assertEquals(await other, "ended");
  }));

Deno.test("LoopBound.bind() accepts the first loop and refuses every other", () => {
  const bound = new LoopBound("lock");
  const [first, second] = [new Scheduler(), new Scheduler()];
  assertEquals(bound.bind(first), null);
  assertEquals(bound.bind(first), null);
  assertEquals(
    bound.bind(second)?.message,
    "Cannot wait for the lock as it is bound to another event loop",
  );
  assertEquals(bound.bind(first), null);
});
