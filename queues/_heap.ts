// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Store } from "./_channel.ts";

interface Entry<T> {
  readonly item: T;
  /** Which item it was, counted from the first: of equal items the earlier comes first. */
  readonly place: number;
}

/** A store whose smallest item comes out first: a binary heap. */
export class Heap<T> implements Store<T> {
  readonly #compare: (a: T, b: T) => number;
  #entries: Entry<T>[] = [];
  #pushed = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#entries.length;
  }

  push(item: T): void {
    const entry = { item, place: this.#pushed };
    const entries = this.#entries;
    // First the place, then the moves: a comparison that throws must not leave the heap half moved.
    let index = entries.length;
    while (index > 0 && this.#isBefore(entry, entries[parentOf(index)]!)) {
      index = parentOf(index);
    }
    for (let hole = entries.length; hole > index; hole = parentOf(hole)) {
      entries[hole] = entries[parentOf(hole)]!;
    }
    entries[index] = entry;
    this.#pushed++;
  }

  take(): T {
    const entries = this.#entries;
    const first = entries[0]!;
    const path = this.#pathOfLast();
    const last = entries.pop()!;
    let hole = 0;
    for (const child of path) {
      entries[hole] = entries[child]!;
      hole = child;
    }
    if (entries.length > 0) entries[hole] = last;
    return first.item;
  }

  clear(): void {
    this.#entries = [];
  }

  /** Which entries move up, each into the place of the one before, when the last one replaces the first. */
  #pathOfLast(): number[] {
    const entries = this.#entries;
    const size = entries.length - 1;
    const last = entries[size]!;
    const path: number[] = [];
    for (let child = 1; child < size; child = 2 * child + 1) {
      const right = child + 1;
      if (right < size && this.#isBefore(entries[right]!, entries[child]!)) {
        child = right;
      }
      if (!this.#isBefore(entries[child]!, last)) break;
      path.push(child);
    }
    return path;
  }

  #isBefore(a: Entry<T>, b: Entry<T>): boolean {
    const order = this.#compare(a.item, b.item);
    return order < 0 || (order === 0 && a.place < b.place);
  }
}

function parentOf(index: number): number {
  return (index - 1) >> 1;
}
