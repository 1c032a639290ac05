// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { createTask, gather, run, sleep } from "../tasks/mod.ts";
import { PriorityQueue } from "./priority_queue.ts";
import { Queue } from "./queue.ts";

/** Returns the items in the order in which they leave the queue. */
function sorted<T>(items: Iterable<T>, compare?: (a: T, b: T) => number): T[] {
  const queue = new PriorityQueue<T>(0, { compare });
  for (const item of items) queue.putNowait(item);
  const result: T[] = [];
  while (!queue.empty()) result.push(queue.getNowait());
  return result;
}

Deno.test("PriorityQueue returns the smallest item first", async () => {
  const queue = new PriorityQueue<number>();
  assertInstanceOf(queue, Queue);
  for (const item of [1, 3, 2]) await queue.put(item);
  assertEquals(
    [await queue.get(), await queue.get(), await queue.get()],
    [1, 2, 3],
  );
});

Deno.test("PriorityQueue orders numbers, strings and arrays of them", () => {
  assertEquals(sorted([10, 9, -1, 2.5, Infinity, 0]), [
    -1,
    0,
    2.5,
    9,
    10,
    Infinity,
  ]);
  assertEquals(sorted<number | bigint>([2, 1n, 3n, 0]), [0, 1n, 2, 3n]);
  assertEquals(sorted(["b", "", "B", "ab"]), ["", "B", "ab", "b"]);
  assertEquals(
    sorted([[2, "a"], [10, "b"], [2], [1, "z", 0], [2, "B"], []]),
    [[], [1, "z", 0], [2], [2, "B"], [2, "a"], [10, "b"]],
  );
  assertEquals(
    sorted([[1, [2, 3]], [1, [2]], [0, [9]]]),
    [[0, [9]], [1, [2]], [1, [2, 3]]],
  );
});

Deno.test("PriorityQueue rejects items that it cannot compare, and keeps its contents", async () => {
  const queue = new PriorityQueue<unknown>();
  queue.putNowait([1, { job: "a" }]);
  const advice =
    " in a PriorityQueue: pass a compare function, or use numbers, strings, or arrays of them";
  assertThrows(
    () => queue.putNowait([1, { job: "b" }]),
    TypeError,
    `Cannot compare object with object${advice}`,
  );
  await assertRejects(
    () => queue.put("a"),
    TypeError,
    "Cannot compare string with array",
  );
  assertEquals(queue.qsize(), 1);
  queue.putNowait([0, { job: "c" }]);
  assertEquals(queue.getNowait(), [0, { job: "c" }]);
  assertEquals(queue.getNowait(), [1, { job: "a" }]);
  queue.taskDone();
  queue.taskDone();
  assertThrows(() => queue.taskDone(), RangeError);

  queue.putNowait(1);
  for (const item of [NaN, null, undefined, true, "1", {}, new Date(0)]) {
    assertThrows(() => queue.putNowait(item), TypeError);
  }
  assertEquals(queue.getNowait(), 1);
});

Deno.test("PriorityQueue does not compare an item with itself", () => {
  const job = {};
  assertEquals(sorted([[1, job, 2], [1, job, 1]]), [[1, job, 1], [1, job, 2]]);
});

Deno.test("PriorityQueue takes a compare function", () => {
  const jobs = [{ urgency: 1 }, { urgency: 3 }, { urgency: 2 }];
  assertEquals(
    sorted(jobs, (a, b) => b.urgency - a.urgency).map((job) => job.urgency),
    [3, 2, 1],
  );
  assertThrows(
    () => new PriorityQueue(0, { compare: "up" as unknown as () => number }),
    TypeError,
    'The compare option of PriorityQueue() must be a function: received "up"',
  );
});

Deno.test("PriorityQueue returns equal items in FIFO order", () => {
  const items = Array.from({ length: 300 }, (_, i) => ({ rank: i * 7 % 5, i }));
  assertEquals(
    sorted(items, (a, b) => a.rank - b.rank),
    items.toSorted((a, b) => a.rank - b.rank || a.i - b.i),
  );
});

Deno.test("PriorityQueue stays sorted under random puts and gets", () => {
  const queue = new PriorityQueue<number>();
  const inside: number[] = [];
  let state = 1;
  for (let i = 0; i < 5_000; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    if (state % 5 < 3) {
      const item = state >>> 8 & 0xff;
      queue.putNowait(item);
      inside.push(item);
      inside.sort((a, b) => a - b);
    } else if (inside.length > 0) {
      assertEquals(queue.getNowait(), inside.shift());
    }
  }
  assertEquals(queue.qsize(), inside.length);
});

Deno.test("PriorityQueue loses nothing when the compare function throws", () => {
  let failing = false;
  const queue = new PriorityQueue<number>(0, {
    compare: (a, b) => {
      if (failing) throw new Error("incomparable");
      return a - b;
    },
  });
  const items = Array.from({ length: 50 }, (_, i) => i * 37 % 50);
  for (const item of items) {
    queue.putNowait(item);
    failing = true;
    assertThrows(() => queue.putNowait(-1), Error, "incomparable");
    failing = false;
  }
  for (let i = 0; i < 50; i++) {
    failing = true;
    if (queue.qsize() > 2) {
      assertThrows(() => queue.getNowait(), Error, "incomparable");
    }
    failing = false;
    assertEquals(queue.getNowait(), i);
  }
  assert(queue.empty());
});

Deno.test("PriorityQueue.put() that cannot compare leaves the room to the next", () =>
  run(async () => {
    const queue = new PriorityQueue<unknown>(2);
    queue.putNowait(1);
    queue.putNowait(2);
    const bad = createTask(() => queue.put("bad"));
    const good = createTask(() => queue.put(0));
    await sleep(0);
    assertEquals(queue.getNowait(), 1);
    await assertRejects(() => bad, TypeError);
    await good;
    assertEquals([queue.getNowait(), queue.getNowait()], [0, 2]);
  }));

Deno.test("PriorityQueue.get() returns the smallest item at the time of resumption", () =>
  run(async () => {
    const queue = new PriorityQueue<number>();
    const first = createTask(() => queue.get());
    const second = createTask(() => queue.get());
    await sleep(0);
    queue.putNowait(2);
    queue.putNowait(1);
    assertFalse(first.done());
    assertEquals(await gather([first, second]), [1, 2]);
  }));
