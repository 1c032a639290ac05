// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { Deque } from "./ring_buffer.ts";

Deno.test("Deque gives items in their order while it grows and shrinks", () => {
  const deque = new Deque<number>();
  let pushed = 0;
  let taken = 0;
  for (
    const [push, take] of [[3, 2], [10, 9], [5_000, 4_990], [2_500, 2_512]]
  ) {
    for (let i = 0; i < push!; i++) deque.push(pushed++);
    for (let i = 0; i < take!; i++) assertEquals(deque.take(), taken++);
    assertEquals(deque.size, pushed - taken);
  }
});

Deno.test("Deque.clear() drops every item", () => {
  const deque = new Deque<number>();
  for (let i = 0; i < 10; i++) deque.push(i);
  deque.clear();
  assertEquals(deque.size, 0);
  deque.push(42);
  assertEquals(deque.take(), 42);
});

Deno.test("Deque.takeLast() takes the newest item while the deque grows and shrinks", () => {
  const deque = new Deque<number>();
  const model: number[] = [];
  for (const [push, take] of [[5, 2], [3_000, 100], [2_000, 4_900], [9, 9]]) {
    for (let i = 0; i < push!; i++) {
      deque.push(i);
      model.push(i);
    }
    for (let i = 0; i < take! && model.length > 0; i++) {
      // The oldest sometimes, so that the ring turns.
      if (i % 7 === 0) assertEquals(deque.take(), model.shift());
      else assertEquals(deque.takeLast(), model.pop());
    }
    assertEquals(deque.size, model.length);
  }
});

Deno.test("Deque.first is the oldest item, which can be replaced", () => {
  const deque = new Deque<string>();
  assertEquals(deque.first, undefined);
  deque.push("a");
  deque.push("b");
  assertEquals(deque.first, "a");
  deque.first = "c";
  assertEquals([deque.at(0), deque.at(1)], ["c", "b"]);
  assertEquals([deque.take(), deque.first, deque.size], ["c", "b", 1]);
});
