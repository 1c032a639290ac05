// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { RingBuffer } from "./ring_buffer.ts";

function drain(queue: RingBuffer<number>): number[] {
  const entries: number[] = [];
  while (queue.size > 0) entries.push(queue.take());
  return entries;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

Deno.test("RingBuffer gives items in their order while it grows and shrinks", () => {
  const ring = new RingBuffer<number>();
  let pushed = 0;
  let taken = 0;
  for (
    const [push, take] of [[3, 2], [10, 9], [5_000, 4_990], [2_500, 2_512]]
  ) {
    for (let i = 0; i < push!; i++) ring.push(pushed++);
    for (let i = 0; i < take!; i++) assertEquals(ring.take(), taken++);
    assertEquals(ring.size, pushed - taken);
  }
});

Deno.test("RingBuffer.clear() drops every item", () => {
  const ring = new RingBuffer<number>();
  for (let i = 0; i < 10; i++) ring.push(i);
  ring.clear();
  assertEquals(ring.size, 0);
  ring.push(42);
  assertEquals(ring.take(), 42);
});

Deno.test("RingBuffer.takeLast() takes the newest item while the ring grows and shrinks", () => {
  const ring = new RingBuffer<number>();
  const model: number[] = [];
  for (const [push, take] of [[5, 2], [3_000, 100], [2_000, 4_900], [9, 9]]) {
    for (let i = 0; i < push!; i++) {
      ring.push(i);
      model.push(i);
    }
    for (let i = 0; i < take! && model.length > 0; i++) {
      // The oldest sometimes, so that the ring turns.
      if (i % 7 === 0) assertEquals(ring.take(), model.shift());
      else assertEquals(ring.takeLast(), model.pop());
    }
    assertEquals(ring.size, model.length);
  }
});

Deno.test("RingBuffer.first is the oldest item, which can be replaced", () => {
  const ring = new RingBuffer<string>();
  assertEquals(ring.first, undefined);
  ring.push("a");
  ring.push("b");
  assertEquals(ring.first, "a");
  ring.first = "c";
  assertEquals([ring.at(0), ring.at(1)], ["c", "b"]);
  assertEquals([ring.take(), ring.first, ring.size], ["c", "b", 1]);
});

Deno.test("RingBuffer.take() takes entries in the order of push()", () => {
  const queue = new RingBuffer<number>();
  for (const entry of range(0, 10)) queue.push(entry);
  assertEquals(queue.size, 10);
  assertEquals(drain(queue), range(0, 10));
  assertEquals(queue.size, 0);
});

Deno.test("RingBuffer.push() grows without losing the order, wherever the ring begins", () => {
  for (const offset of [0, 1, 31, 63]) {
    const queue = new RingBuffer<number>();
    for (const entry of range(0, offset)) queue.push(entry);
    drain(queue);
    for (const entry of range(0, 1000)) queue.push(entry);
    assertEquals(queue.size, 1000);
    assertEquals(drain(queue), range(0, 1000));
  }
});

Deno.test("RingBuffer keeps its order while it is filled and emptied round the ring", () => {
  const queue = new RingBuffer<number>();
  let pushed = 0;
  let taken = 0;
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 7 + round % 5; i++) queue.push(pushed++);
    for (let i = 0; i < 6; i++) assertEquals(queue.take(), taken++);
  }
  assertEquals(drain(queue), range(taken, pushed));
});

Deno.test("RingBuffer.takeAt() takes an entry out of the middle, and keeps the order", () => {
  for (const offset of [0, 62]) {
    for (const index of [0, 1, 3, 4]) {
      const queue = new RingBuffer<number>();
      for (const entry of range(0, offset)) queue.push(entry);
      drain(queue);
      for (const entry of range(0, 5)) queue.push(entry);
      assertEquals(queue.takeAt(index), index);
      assertEquals(drain(queue), range(0, 5).filter((each) => each !== index));
    }
  }
});

Deno.test("RingBuffer.clear() leaves an empty queue that can be used", () => {
  const queue = new RingBuffer<number>();
  for (const entry of range(0, 100)) queue.push(entry);
  queue.clear();
  assertEquals(queue.size, 0);
  queue.push(1);
  assertEquals(drain(queue), [1]);
});

Deno.test("RingBuffer gives the memory of a burst back", () => {
  for (const take of ["take", "takeLast"] as const) {
    const ring = new RingBuffer<number>();
    for (const item of range(0, 100_000)) ring.push(item);
    while (ring.size > 1) ring[take]();
    assert(ring.capacity <= 1024);
  }
});
