// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertFunction, assertOptions } from "../loop/core/validate.ts";
import type { Store } from "./_channel.ts";
import { Queue, storeIn } from "./queue.ts";

/**
 * The options of a {@linkcode PriorityQueue}.
 *
 * @category Queues
 */
export interface PriorityQueueOptions<T> {
  /**
   * Compares two items as in `Array.prototype.sort()`: a negative result means that the first comes out first. It
   * must depend on nothing but the items. Without it, items must be numbers, strings, or arrays of them, which are
   * compared element by element.
   */
  compare?: ((a: T, b: T) => number) | undefined;
}

/**
 * A queue whose smallest item comes out first; equal items come out in FIFO order.
 *
 * Items are usually pairs of a priority and a payload: `[priority, job]`. Pairs of equal priority are compared by
 * their payloads, which fails for objects: pass a `compare` function that looks at the priority only.
 *
 * @typeParam T The type of the items.
 *
 * @example Usage
 * ```ts
 * import { PriorityQueue } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new PriorityQueue<[number, string]>();
 * await queue.put([2, "code"]);
 * await queue.put([1, "eat"]);
 * await queue.put([3, "sleep"]);
 * assertEquals(await queue.get(), [1, "eat"]);
 * ```
 *
 * @example Objects
 * ```ts
 * import { PriorityQueue } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new PriorityQueue<{ urgency: number; name: string }>(0, {
 *   compare: (a, b) => b.urgency - a.urgency,
 * });
 * await queue.put({ urgency: 1, name: "sleep" });
 * await queue.put({ urgency: 5, name: "eat" });
 * assertEquals((await queue.get()).name, "eat");
 * ```
 *
 * @category Queues
 * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.PriorityQueue}
 */
export class PriorityQueue<T = unknown> extends Queue<T> {
  /**
   * Constructs a new instance.
   *
   * @param maxSize The greatest number of items; no limit if it is 0 or less.
   * @param options How items are compared.
   * @throws {RangeError} If `maxSize` is `NaN`.
   * @throws {TypeError} If `maxSize` is not a number, or `compare` not a function.
   */
  constructor(maxSize: number = 0, options: PriorityQueueOptions<T> = {}) {
    assertOptions("PriorityQueue", options);
    super(maxSize);
    const { compare = compareNaturally } = options;
    assertFunction("The compare option of PriorityQueue()", compare);
    storeIn(this, new Heap<T>(compare));
  }
}

type Natural = number | bigint | string;

function compareNaturally(a: unknown, b: unknown): number {
  if (typeof a === "object" && Array.isArray(a) && Array.isArray(b)) {
    return compareArrays(a, b);
  }
  if (isNatural(a) && isNatural(b) && isString(a) === isString(b)) {
    if (a < b) return -1;
    if (a > b) return 1;
    // Not strictly: 1 and 1n are equal. NaN is equal to nothing.
    if (a == b) return 0;
  }
  throw incomparable(a, b);
}

/** Compares as Python compares tuples: by the first elements that differ, otherwise by length. */
function compareArrays(a: readonly unknown[], b: readonly unknown[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (Object.is(a[i], b[i])) continue;
    const order = compareNaturally(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function isNatural(value: unknown): value is Natural {
  return typeof value === "number" || typeof value === "bigint" ||
    isString(value);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function incomparable(a: unknown, b: unknown): TypeError {
  return new TypeError(
    `Cannot compare ${nameOf(a)} with ${
      nameOf(b)
    } in a PriorityQueue: pass a compare function, or use numbers, strings, or arrays of them`,
  );
}

function nameOf(value: unknown): string {
  if (value === null || Number.isNaN(value)) return String(value);
  return Array.isArray(value) ? "array" : typeof value;
}

interface HeapEntry<T> {
  readonly item: T;
  /** The position in the order of insertion, which decides between equal items. */
  readonly place: number;
}

/** The least capacity of a heap, in entries. */
const LEAST_ROOM = 1024;

/** A store whose smallest item comes out first: a binary heap. */
class Heap<T> implements Store<T> {
  readonly #compare: (a: T, b: T) => number;
  #entries: HeapEntry<T>[] = [];
  #pushed = 0;
  /** The capacity, which is doubled and halved with the array. */
  #room = LEAST_ROOM;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#entries.length;
  }

  push(item: T): void {
    const entry = { item, place: this.#pushed };
    const entries = this.#entries;
    // Find the place before moving entries: a comparison that throws must not leave the heap half moved.
    let index = entries.length;
    while (index > 0 && this.#isBefore(entry, entries[parentOf(index)]!)) {
      index = parentOf(index);
    }
    for (let hole = entries.length; hole > index; hole = parentOf(hole)) {
      entries[hole] = entries[parentOf(hole)]!;
    }
    entries[index] = entry;
    this.#pushed++;
    if (entries.length > this.#room) this.#room *= 2;
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
    // Release the memory of a burst: arrays do not shrink by themselves.
    if (this.#room > LEAST_ROOM && entries.length < this.#room / 8) {
      this.#room /= 2;
      this.#entries = entries.slice();
    }
    return first.item;
  }

  clear(): void {
    this.#entries = [];
    this.#room = LEAST_ROOM;
  }

  /**
   * Returns the entries that move up, each into the place of the one before, when the last entry replaces the first.
   */
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

  #isBefore(a: HeapEntry<T>, b: HeapEntry<T>): boolean {
    const order = this.#compare(a.item, b.item);
    return order < 0 || (order === 0 && a.place < b.place);
  }
}

function parentOf(index: number): number {
  return (index - 1) >> 1;
}
