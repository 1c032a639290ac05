// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { sleep } from "../../tasks/mod.ts";
import { VirtualTimeLoop } from "../../testing/mod.ts";
import { say, testLoop, ValueError } from "./order.ts";

testLoop(
  "stop_in_a_batch",
  ["first", "second", "stopped", "scheduled in the batch", "stopped at once"],
  async (log, loop) => {
    loop.callSoon(() => {
      log("first");
      loop.callSoon(log, "scheduled in the batch");
      loop.stop();
    });
    loop.callSoon(log, "second");
    await loop.runForever();
    log("stopped");
    loop.stop();
    await loop.runForever();
    log("stopped at once");
  },
);

testLoop(
  "run_until_complete_leaves_the_rest",
  [
    "lasts 0",
    "one starts",
    "lasts 1",
    "one ends",
    "lasts 2",
    "between",
    "two starts",
    "two ends",
  ],
  async (log, loop) => {
    async function main(name: string) {
      log(`${name} starts`);
      await sleep(0);
      log(`${name} ends`);
    }

    const task = loop.createTask(async () => {
      for (let i = 0; i < 3; i++) {
        log(`lasts ${i}`);
        await sleep(0);
      }
    });
    await loop.runUntilComplete(() => main("one"));
    log("between");
    await loop.runUntilComplete(() => main("two"));
    await loop.runUntilComplete(task);
  },
);

testLoop(
  "timers_join_at_the_end_of_a_batch",
  ["first", "second", "timer", "soon", "later by nothing", "long due"],
  async (log, loop) => {
    loop.callLater(0, log, "timer");
    loop.callSoon(() => {
      log("first");
      loop.callLater(0, log, "later by nothing");
      loop.callSoon(log, "soon");
      loop.callAt(0, log, "long due");
    });
    loop.callSoon(log, "second");
    loop.callLater(1, () => loop.stop());
    await loop.runForever();
  },
);

testLoop(
  "timers_due_together",
  ["busy", "two and a half", "three", "four", "20"],
  async (log, loop) => {
    loop.callLater(3, log, "three");
    loop.callLater(1, () => {
      log("busy");
      loop.advance(10);
    });
    loop.callLater(4, log, "four");
    const cancelled = loop.callLater(2, log, "never");
    loop.callLater(2.5, log, "two and a half");
    loop.callLater(2, () => cancelled.cancel());
    loop.callLater(1.5, () => cancelled.cancel());
    loop.callLater(20, () => loop.stop());
    await loop.runForever();
    log(`${loop.time()}`);
  },
);

testLoop(
  "failing_callbacks",
  [
    "fails",
    "handler: ValueError(no)",
    "next",
    "fails",
    "handler: ValueError(no)",
    "next done callback",
  ],
  async (log, loop) => {
    function fails() {
      log("fails");
      throw new ValueError("no");
    }

    loop.setExceptionHandler((_, { exception }) =>
      log(`handler: ${say(exception)}`)
    );
    loop.callSoon(fails);
    loop.callSoon(log, "next");
    const future = loop.createFuture<null>();
    future.addDoneCallback(fails);
    future.addDoneCallback(() => log("next done callback"));
    future.setResult(null);
    loop.callLater(1, () => loop.stop());
    await loop.runForever();
  },
);

testLoop(
  "handles_cancelled",
  ["first", "third", "cancelled: true true"],
  async (log, loop) => {
    loop.callSoon(() => {
      log("first");
      second.cancel();
      timer.cancel();
    });
    const second = loop.callSoon(log, "never");
    loop.callSoon(log, "third");
    const timer = loop.callLater(1, log, "never");
    loop.callLater(2, () => loop.stop());
    await loop.runForever();
    log(`cancelled: ${second.cancelled()} ${timer.cancelled()}`);
  },
);

// asyncio keeps its timers in a heap alone, and so gives no such promise.
Deno.test("EventLoop.callAt() runs equal deadlines in creation order", async () => {
  const loop = new VirtualTimeLoop();
  const events: number[] = [];
  const expected = Array.from({ length: 50 }, (_, i) => i);
  for (const i of expected) {
    loop.callAt(1 + i % 2, (i: number) => events.push(i), i);
  }
  loop.callAt(3, () => loop.stop());
  await loop.runForever();
  assertEquals(
    events,
    expected.toSorted((a, b) => a % 2 - b % 2 || a - b),
  );
  loop.close();
});
