// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse } from "@std/assert";
import { Timer, TimerQueue } from "./timer_queue.ts";

class Named extends Timer {
  constructor(when: number, readonly name: string) {
    super(when);
  }

  get entry(): never {
    throw new Error("Not used");
  }
}

function add(queue: TimerQueue<Named>, when: number, name: string): Named {
  const timer = new Named(when, name);
  queue.add(timer);
  return timer;
}

function takeAll(queue: TimerQueue<Named>, now = Infinity): string[] {
  const entries: string[] = [];
  for (let timer; (timer = queue.takeDue(now)) !== null;) {
    entries.push(timer.name);
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
  const queue = new TimerQueue<Named>();
  add(queue, 3, "c");
  add(queue, 1, "a");
  add(queue, 2, "b");
  assertEquals(queue.next(), 1);
  assertEquals(takeAll(queue, 0.5), []);
  assertEquals(takeAll(queue, 2), ["a", "b"]);
  assertEquals(queue.next(), 3);
  assertEquals(takeAll(queue, 3), ["c"]);
  assertEquals(queue.next(), null);
  assert(queue.empty);
});

Deno.test("TimerQueue.takeDue() takes equal deadlines in the order of their creation", () => {
  const queue = new TimerQueue<Named>();
  const names = Array.from({ length: 50 }, (_, i) => `timer ${i}`);
  add(queue, 9, "last");
  for (const name of names) add(queue, 1, name);
  assertEquals(takeAll(queue), [...names, "last"]);
});

Deno.test("TimerQueue.cancel() skips a timer wherever it stands", () => {
  for (const index of [0, 1, 2, 3, 4]) {
    const queue = new TimerQueue<Named>();
    const timers = [2, 0, 1, 4, 3].map((when) => add(queue, when, `${when}`));
    const chosen = timers[index]!;
    queue.cancel(chosen);
    queue.cancel(chosen);
    assertEquals(
      takeAll(queue),
      ["0", "1", "2", "3", "4"].filter((each) => each !== chosen.name),
    );
  }
});

Deno.test("TimerQueue.next() overlooks cancelled timers", () => {
  const queue = new TimerQueue<Named>();
  const first = add(queue, 1, "a");
  const second = add(queue, 2, "b");
  queue.cancel(first);
  assertEquals(queue.next(), 2);
  queue.cancel(second);
  assertEquals(queue.next(), null);
});

Deno.test("TimerQueue.cancel() of a timer that was taken changes nothing", () => {
  const queue = new TimerQueue<Named>();
  const taken = add(queue, 1, "a");
  add(queue, 2, "b");
  assertEquals(queue.takeDue(1), taken);
  queue.cancel(taken);
  assertFalse(queue.empty);
  assertEquals(takeAll(queue), ["b"]);
});

Deno.test("TimerQueue keeps the order through thousands of additions and cancellations", () => {
  const queue = new TimerQueue<Named>();
  const random = numbers();
  let live: Named[] = [];
  for (let i = 0; i < 5000; i++) {
    live.push(add(queue, random.next().value % 300, `${i}`));
  }
  // Most are cancelled, so that the heap is rebuilt more than once on the way.
  live = live.filter((timer) => {
    const keep = random.next().value % 10 === 0;
    if (!keep) queue.cancel(timer);
    return keep;
  });
  for (let i = 5000; i < 5100; i++) {
    live.push(add(queue, random.next().value % 300, `${i}`));
  }
  live.sort((a, b) => a.when - b.when || a.order - b.order);
  assertEquals(takeAll(queue), live.map((timer) => timer.name));
  assert(queue.empty);
});

Deno.test("TimerQueue.cancel() lets go of cancelled timers before their time", () => {
  const queue = new TimerQueue<Named>();
  const kept = add(queue, 1, "kept");
  const timers = Array.from(
    { length: 300 },
    (_, i) => add(queue, 1000 + i, ""),
  );
  for (const timer of timers) queue.cancel(timer);
  assert(timers.some((timer) => timer.order === -1));
  assert(kept.order !== -1);
  assertEquals(takeAll(queue), ["kept"]);
});

Deno.test("TimerQueue.clear() forgets all timers", () => {
  const queue = new TimerQueue<Named>();
  const timer = add(queue, 1, "a");
  add(queue, 2, "b");
  queue.clear();
  assert(queue.empty);
  queue.cancel(timer);
  add(queue, 3, "c");
  assertEquals(takeAll(queue), ["c"]);
});
