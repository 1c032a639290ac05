// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { ReadyQueue } from "./_ready_queue.ts";

function drain(queue: ReadyQueue<number>): number[] {
  const entries: number[] = [];
  while (queue.size > 0) entries.push(queue.shift());
  return entries;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

Deno.test("ReadyQueue.shift() takes entries in the order of push()", () => {
  const queue = new ReadyQueue<number>();
  for (const entry of range(0, 10)) queue.push(entry);
  assertEquals(queue.size, 10);
  assertEquals(drain(queue), range(0, 10));
  assertEquals(queue.size, 0);
});

Deno.test("ReadyQueue.push() grows without losing the order, wherever the ring begins", () => {
  for (const offset of [0, 1, 31, 63]) {
    const queue = new ReadyQueue<number>();
    for (const entry of range(0, offset)) queue.push(entry);
    drain(queue);
    for (const entry of range(0, 1000)) queue.push(entry);
    assertEquals(queue.size, 1000);
    assertEquals(drain(queue), range(0, 1000));
  }
});

Deno.test("ReadyQueue keeps its order while it is filled and emptied round the ring", () => {
  const queue = new ReadyQueue<number>();
  let pushed = 0;
  let taken = 0;
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 7 + round % 5; i++) queue.push(pushed++);
    for (let i = 0; i < 6; i++) assertEquals(queue.shift(), taken++);
  }
  assertEquals(drain(queue), range(taken, pushed));
});

Deno.test("ReadyQueue.take() takes an entry out of the middle and keeps the order of the others", () => {
  for (const offset of [0, 62]) {
    for (const index of [0, 1, 3, 4]) {
      const queue = new ReadyQueue<number>();
      for (const entry of range(0, offset)) queue.push(entry);
      drain(queue);
      for (const entry of range(0, 5)) queue.push(entry);
      assertEquals(queue.take(index), index);
      assertEquals(drain(queue), range(0, 5).filter((each) => each !== index));
    }
  }
});

Deno.test("ReadyQueue.clear() leaves an empty queue that can be used", () => {
  const queue = new ReadyQueue<number>();
  for (const entry of range(0, 100)) queue.push(entry);
  queue.clear();
  assertEquals(queue.size, 0);
  queue.push(1);
  assertEquals(drain(queue), [1]);
});
