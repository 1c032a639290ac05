// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse } from "@std/assert";
import { type Timer, TimerQueue } from "./timer_queue.ts";

function takeAll(queue: TimerQueue<string>, now = Infinity): string[] {
  const entries: string[] = [];
  for (let timer; (timer = queue.takeDue(now)) !== null;) {
    entries.push(timer.entry);
  }
  return entries;
}

/** Numbers that look random and are the same every time. */
function* numbers(): Generator<number> {
  for (let state = 42;;) {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    yield state;
  }
}

Deno.test("TimerQueue.takeDue() takes the earliest first, and only what is due", () => {
  const queue = new TimerQueue<string>();
  queue.add(3, "c");
  queue.add(1, "a");
  queue.add(2, "b");
  assertEquals(queue.next(), 1);
  assertEquals(takeAll(queue, 0.5), []);
  assertEquals(takeAll(queue, 2), ["a", "b"]);
  assertEquals(queue.next(), 3);
  assertEquals(takeAll(queue, 3), ["c"]);
  assertEquals(queue.next(), null);
  assert(queue.empty);
});

Deno.test("TimerQueue.takeDue() takes equal deadlines in the order of their creation", () => {
  const queue = new TimerQueue<string>();
  const names = Array.from({ length: 50 }, (_, i) => `timer ${i}`);
  queue.add(9, "last");
  for (const name of names) queue.add(1, name);
  assertEquals(takeAll(queue), [...names, "last"]);
});

Deno.test("TimerQueue.cancel() skips a timer wherever it stands", () => {
  for (const index of [0, 1, 2, 3, 4]) {
    const queue = new TimerQueue<string>();
    const timers = [2, 0, 1, 4, 3].map((when) => queue.add(when, `${when}`));
    const chosen = timers[index]!;
    queue.cancel(chosen);
    queue.cancel(chosen);
    assertEquals(
      takeAll(queue),
      ["0", "1", "2", "3", "4"].filter((each) => each !== chosen.entry),
    );
  }
});

Deno.test("TimerQueue.next() overlooks cancelled timers", () => {
  const queue = new TimerQueue<string>();
  const first = queue.add(1, "a");
  const second = queue.add(2, "b");
  queue.cancel(first);
  assertEquals(queue.next(), 2);
  queue.cancel(second);
  assertEquals(queue.next(), null);
});

Deno.test("TimerQueue.cancel() of a timer that was taken changes nothing", () => {
  const queue = new TimerQueue<string>();
  const taken = queue.add(1, "a");
  queue.add(2, "b");
  assertEquals(queue.takeDue(1), taken);
  queue.cancel(taken);
  assertFalse(queue.empty);
  assertEquals(takeAll(queue), ["b"]);
});

Deno.test("TimerQueue keeps the order through thousands of additions and cancellations", () => {
  const queue = new TimerQueue<string>();
  const random = numbers();
  let live: Timer<string>[] = [];
  for (let i = 0; i < 5000; i++) {
    live.push(queue.add(random.next().value % 300, `${i}`));
  }
  // Most are cancelled, so that the heap is rebuilt more than once on the way.
  live = live.filter((timer) => {
    const keep = random.next().value % 10 === 0;
    if (!keep) queue.cancel(timer);
    return keep;
  });
  for (let i = 5000; i < 5100; i++) {
    live.push(queue.add(random.next().value % 300, `${i}`));
  }
  live.sort((a, b) => a.when - b.when || a.order - b.order);
  assertEquals(takeAll(queue), live.map((timer) => timer.entry));
  assert(queue.empty);
});

Deno.test("TimerQueue.cancel() lets go of cancelled timers before their time", () => {
  const queue = new TimerQueue<string>();
  const kept = queue.add(1, "kept");
  const timers = Array.from({ length: 300 }, (_, i) => queue.add(1000 + i, ""));
  for (const timer of timers) queue.cancel(timer);
  assert(timers.some((timer) => !timer.queued));
  assert(kept.queued);
  assertEquals(takeAll(queue), ["kept"]);
});

Deno.test("TimerQueue.clear() forgets all timers", () => {
  const queue = new TimerQueue<string>();
  const timer = queue.add(1, "a");
  queue.add(2, "b");
  queue.clear();
  assert(queue.empty);
  queue.cancel(timer);
  queue.add(3, "c");
  assertEquals(takeAll(queue), ["c"]);
});
