// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Runnable } from "./call.ts";

/** Something that is due at a deadline. */
export abstract class Timer {
  cancelled = false;
  /** Its place among equal deadlines; -1 unless it is in a queue. */
  order = -1;

  constructor(readonly when: number) {}

  /** The entry that becomes ready. */
  abstract get entry(): Runnable;
}

/** With fewer cancelled timers, compacting the heap costs more than it saves. */
const MIN_CANCELLED_TO_COMPACT = 100;

/**
 * A queue of timers by deadline; equal deadlines are in creation order. A binary heap, from which cancelled timers are
 * removed lazily.
 */
export class TimerQueue<T extends Timer> {
  #heap: T[] = [];
  #created = 0;
  #cancelled = 0;

  add(timer: T): void {
    timer.order = this.#created++;
    this.#heap.push(timer);
    this.#siftUp(this.#heap.length - 1);
  }

  /** Cancels a timer: it is skipped from now on. */
  cancel(timer: T): void {
    if (timer.cancelled) return;
    timer.cancelled = true;
    if (timer.order === -1) return;
    this.#cancelled++;
    if (
      this.#cancelled > MIN_CANCELLED_TO_COMPACT &&
      this.#cancelled * 2 > this.#heap.length
    ) this.#compact();
  }

  /** Whether the heap is empty; `false` also while it holds only cancelled timers. */
  get empty(): boolean {
    return this.#heap.length === 0;
  }

  /** The number of timers, with the cancelled ones that have not been removed yet. */
  get size(): number {
    return this.#heap.length;
  }

  /** Returns the earliest deadline, or `null`. */
  next(): number | null {
    this.#dropCancelled();
    return this.#heap[0]?.when ?? null;
  }

  /** Removes and returns the earliest timer that is due at `now`, or `null`. */
  takeDue(now: number): T | null {
    this.#dropCancelled();
    const first = this.#heap[0];
    return first !== undefined && first.when <= now ? this.#pop() : null;
  }

  clear(): void {
    for (const timer of this.#heap) timer.order = -1;
    this.#heap.length = 0;
    this.#cancelled = 0;
  }

  #dropCancelled(): void {
    while (this.#heap[0]?.cancelled) {
      this.#pop();
      this.#cancelled--;
    }
  }

  #pop(): T {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    first.order = -1;
    if (heap.length > 0) {
      heap[0] = last;
      this.#siftDown(0);
    }
    return first;
  }

  #compact(): void {
    const kept: T[] = [];
    for (const timer of this.#heap) {
      if (timer.cancelled) timer.order = -1;
      else kept.push(timer);
    }
    this.#heap = kept;
    this.#cancelled = 0;
    for (let i = (kept.length >> 1) - 1; i >= 0; i--) this.#siftDown(i);
  }

  #siftUp(index: number): void {
    const heap = this.#heap;
    const timer = heap[index]!;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent]!;
      if (!isBefore(timer, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  #siftDown(index: number): void {
    const heap = this.#heap;
    const timer = heap[index]!;
    const half = heap.length >> 1;
    while (index < half) {
      let child = 2 * index + 1;
      let below = heap[child]!;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, below)) {
        child++;
        below = right;
      }
      if (!isBefore(below, timer)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = timer;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.when < b.when || (a.when === b.when && a.order < b.order);
}
