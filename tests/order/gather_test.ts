// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError, getRunningLoop } from "../../loop/mod.ts";
import { createTask, currentTask, gather, sleep } from "../../tasks/mod.ts";
import { say, testOrder, ValueError } from "./order.ts";

testOrder(
  "gather_keeps_the_order",
  ["b ends", "c ends", "a ends", "a, b, c"],
  async (log) => {
    async function work(name: string, turns: number) {
      for (let i = 0; i < turns; i++) await sleep(0);
      log(`${name} ends`);
      return name;
    }

    const names = await gather([
      () => work("a", 3),
      () => work("b", 1),
      () => work("c", 2),
    ]);
    log(names.join(", "));
  },
);

testOrder(
  "gather_with_a_failure",
  [
    "lasts 0",
    "lasts 1",
    "raises one",
    "lasts 2",
    "raises two",
    "lasts 3",
    "catches ValueError(one)",
    "raises four",
    "raises three",
    "ValueError(three), ValueError(four)",
  ],
  async (log) => {
    async function fails(turns: number, message: string): Promise<never> {
      for (let i = 0; i < turns; i++) await sleep(0);
      log(`raises ${message}`);
      throw new ValueError(message);
    }

    async function lasts() {
      for (let i = 0; i < 4; i++) {
        log(`lasts ${i}`);
        await sleep(0);
      }
    }

    try {
      await gather([lasts, () => fails(1, "one"), () => fails(2, "two")]);
    } catch (error) {
      log(`catches ${say(error)}`);
    }
    for (let i = 0; i < 3; i++) await sleep(0);
    const results = await gather(
      [() => fails(1, "three"), () => fails(0, "four")],
      { returnExceptions: true },
    );
    log(results.map(say).join(", "));
  },
);

testOrder(
  "gather_cancelled",
  [
    "a catches CancelledError(stop)",
    "b catches CancelledError(stop)",
    "c catches CancelledError(stop)",
    "b goes on",
    "outer catches it",
    "cancelled: true",
  ],
  async (log) => {
    async function work(name: string, swallows: boolean) {
      try {
        await sleep(10);
      } catch (error) {
        log(`${name} catches ${say(error)}`);
        if (!swallows) throw error;
        await sleep(0);
        log(`${name} goes on`);
      }
    }

    const task = createTask(async () => {
      try {
        await gather([
          () => work("a", false),
          () => work("b", true),
          () => work("c", false),
        ]);
      } catch (error) {
        if (error instanceof CancelledError) log("outer catches it");
        throw error;
      }
    });
    await sleep(0);
    await sleep(0);
    task.cancel("stop");
    await gather([task], { returnExceptions: true });
    log(`cancelled: ${task.cancelled()}`);
  },
);

testOrder(
  "gather_with_a_child_cancelled",
  ["b is cancelled", "catches CancelledError(b only), cancelling 0", "a ends"],
  async (log) => {
    async function work(name: string) {
      try {
        await sleep(10);
        log(`${name} ends`);
      } catch (error) {
        log(`${name} is cancelled`);
        throw error;
      }
    }

    const a = createTask(() => work("a"));
    const b = createTask(() => work("b"));
    getRunningLoop().callSoon(() => b.cancel("b only"));
    await sleep(0);
    try {
      await gather([a, b]);
    } catch (error) {
      log(`catches ${say(error)}, cancelling ${currentTask()!.cancelling()}`);
    }
    await a;
  },
);
