// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  createTask,
  gather,
  run,
  sleep,
  taskGroup,
  timeout,
  wait,
} from "../../mod.ts";
import { testScaling } from "./scaling.ts";

/** Ways in which a task awaits the one before it. */
const WAYS: Record<string, (previous: PromiseLike<void>) => unknown> = {
  "await": (previous) => previous,
  "gather()": (previous) => gather([previous]),
  "taskGroup()": (previous) => taskGroup(() => previous),
  "timeout()": (previous) => timeout(100, () => previous),
};

/** Orders in which the links of a chain come to be, by their number. */
const ORDERS: Record<string, (size: number) => number[]> = {
  "at its new end": (size) => [...new Array(size).keys()],
  "at its old end": (size) => [...new Array(size).keys()].reverse(),
  "anywhere": shuffled,
};

for (const [way, link] of Object.entries(WAYS)) {
  for (const [where, orderOf] of Object.entries(ORDERS)) {
    testScaling(
      `Task: a chain by ${way} that grows ${where} takes time in proportion to its length`,
      8000,
      (size) => awaitChain(orderOf(size), link),
    );
  }
}

/** Task `i` awaits task `i - 1`; in `order` they come to await it, when all of them have begun. */
async function awaitChain(
  order: readonly number[],
  link: (previous: PromiseLike<void>) => unknown,
): Promise<void> {
  await run(async () => {
    const tasks: PromiseLike<void>[] = [];
    for (const i of order) {
      tasks[i] = createTask(async () => {
        await sleep(0);
        await (i === 0 ? sleep(0.001) : link(tasks[i - 1]!));
      });
    }
    await tasks[order.length - 1]!;
  });
}

function shuffled(size: number): number[] {
  const numbers = [...new Array(size).keys()];
  let seed = 1;
  for (let i = size - 1; i > 0; i--) {
    seed = (seed * 48271) % 0x7fffffff;
    const j = seed % (i + 1);
    [numbers[i], numbers[j]] = [numbers[j]!, numbers[i]!];
  }
  return numbers;
}

testScaling(
  "Task: a task that many await may itself await many",
  1000,
  (size) =>
    run(async () => {
      const awaited = createTask(async () => {
        await sleep(0);
        for (let i = 0; i < size; i++) {
          const other = createTask(() => sleep(0));
          await sleep(0);
          await other;
        }
      });
      await gather(
        Array.from({ length: size }, () => async () => await awaited),
      );
    }),
);

testScaling(
  "Task.cancel() takes time in proportion to the length of the chain",
  10_000,
  (size) =>
    run(async () => {
      let last = createTask(() => sleep(100));
      for (let i = 1; i < size; i++) {
        const previous = last;
        last = createTask(async () => await previous);
      }
      await sleep(0);
      last.cancel();
      await wait([last]);
    }),
);

testScaling(
  "timeout(): limits that expire together take time in proportion to their number",
  500,
  (size) =>
    run(() =>
      Promise.allSettled(
        Array.from({ length: size }, () => timeout(0.005, () => sleep(10))),
      )
    ),
);
