// Copyright 2026 the asyncio for Deno authors. MIT license.

import { inspectAsText } from "../loop/core/inspection.ts";
import type { Future } from "../loop/core/future.ts";
import { sink, type Source, source } from "../loop/core/primitive_future.ts";
import {
  assertBoolean,
  assertFunction,
  assertNumber,
  assertOptions,
} from "../loop/core/validate.ts";
import { Channel, type Store } from "./_channel.ts";
import { RingBuffer } from "../loop/core/ring_buffer.ts";

/** Replaces the store of a queue, which must be empty. */
let storeIn: <T>(queue: Queue<T>, store: Store<T>) => void;

/**
 * A first-in, first-out queue for passing items between tasks.
 *
 * A queue with a `maxSize` slows its producers down: {@linkcode Queue.put} waits while it is full. Waiting tasks get
 * items in FIFO order, and nothing is lost when one of them is cancelled. A queue can be created outside a loop, and
 * is bound to the loop of the first wait.
 *
 * Items may be of any type. As `await` unwraps thenables, `await queue.get()` on a queue of tasks or other futures
 * gives the result of the task; `queue.getNowait()` and `for await (const task of queue)` give the task.
 *
 * @typeParam T The type of the items.
 *
 * @example Workers
 * ```ts
 * import { createTask, gather, Queue, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const squares: number[] = [];
 *
 * async function worker(queue: Queue<number>) {
 *   for await (const n of queue) {
 *     squares.push(n * n);
 *     queue.taskDone();
 *   }
 * }
 *
 * await run(async () => {
 *   const queue = new Queue<number>(2);
 *   const workers = [
 *     createTask(() => worker(queue)),
 *     createTask(() => worker(queue)),
 *   ];
 *   for (const n of [1, 2, 3, 4]) await queue.put(n);
 *   await queue.join();
 *   queue.shutdown();
 *   await gather(workers);
 * });
 * assertEquals(squares, [1, 4, 9, 16]);
 * ```
 *
 * @category Queues
 * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue}
 */
export class Queue<T = unknown> implements AsyncIterable<T, undefined> {
  readonly #channel: Channel<T>;

  static {
    inspectAsText(this);
    storeIn = (queue, store) => {
      queue.#channel.items = store;
    };
  }

  /**
   * Constructs a new instance.
   *
   * @param maxSize The greatest number of items; no limit if it is 0 or less.
   * @throws {RangeError} If `maxSize` is `NaN`.
   * @throws {TypeError} If `maxSize` is not a number.
   */
  constructor(maxSize: number = 0) {
    assertNumber("The maxSize of a queue", maxSize);
    this.#channel = new Channel(maxSize);
  }

  /** The greatest number of items; no limit if it is 0 or less. */
  get maxSize(): number {
    return this.#channel.maxSize;
  }

  /**
   * Returns the number of items in the queue.
   *
   * @returns The number of items.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.qsize}
   */
  qsize(): number {
    return this.#channel.items.size;
  }

  /**
   * Returns whether the queue is empty.
   *
   * @returns `true` if it is.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.empty}
   */
  empty(): boolean {
    return this.#channel.isEmpty;
  }

  /**
   * Returns whether the queue has {@linkcode Queue.maxSize} items.
   *
   * @returns `true` if it has; always `false` without a `maxSize`.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.full}
   */
  full(): boolean {
    return this.#channel.isFull;
  }

  /**
   * Puts an item into the queue, and waits for room while it is full. If there is room, it does not yield.
   *
   * Cancel safe: if the awaiting task is cancelled, the item is not put, and room that was made for it goes to the
   * next waiting task.
   *
   * @param item The item.
   * @returns A future that completes when the item is in the queue.
   * @throws {QueueShutDown} If the queue is shut down, also while waiting.
   * @throws {RuntimeError} If it has to wait and the queue is bound to another loop.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.put}
   */
  put(item: T): Future<void> {
    return this.#channel.put(item);
  }

  /**
   * Puts an item into the queue without waiting.
   *
   * @param item The item.
   * @throws {QueueFull} If the queue is full.
   * @throws {QueueShutDown} If the queue is shut down.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.put_nowait}
   */
  putNowait(item: T): void {
    this.#channel.putNowait(item);
  }

  /**
   * Removes and returns the next item, and waits for one while the queue is empty. If there is one, it does not
   * yield.
   *
   * If the items are tasks or other futures, `await` gives the result of the task; `getNowait()` and iteration give
   * the task itself.
   *
   * Cancel safe: if the awaiting task is cancelled, no item leaves the queue, and one that was meant for it goes to
   * the next waiting task.
   *
   * @returns A future of the item.
   * @throws {QueueShutDown} If the queue is shut down and empty, also while waiting.
   * @throws {RuntimeError} If it has to wait and the queue is bound to another loop.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.get}
   */
  get(): Future<T> {
    return this.#channel.get();
  }

  /**
   * Removes and returns the next item without waiting.
   *
   * @returns The item.
   * @throws {QueueEmpty} If the queue is empty.
   * @throws {QueueShutDown} If the queue is empty and shut down.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.get_nowait}
   */
  getNowait(): T {
    return this.#channel.getNowait();
  }

  /**
   * Marks the work on one item as done, for {@linkcode Queue.join}.
   *
   * @throws {RangeError} If it is called more often than items were put.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.task_done}
   */
  taskDone(): void {
    this.#channel.finishOne();
  }

  /**
   * Waits until {@linkcode Queue.taskDone} has been called for every item that was put.
   *
   * Cancel safe: nothing is lost.
   *
   * @returns A future that completes when all work is done.
   * @throws {RuntimeError} At the `await`, if it has to wait and the queue is bound to another loop.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.join}
   */
  join(): Future<void> {
    return this.#channel.join();
  }

  /**
   * Shuts the queue down. `put()` throws a `QueueShutDown` from now on, also where it is waiting. Items in the queue
   * can still be got; once there are none, `get()` throws a `QueueShutDown` and iteration ends.
   *
   * @param immediate Whether to drop the items in the queue and mark the work on them as done.
   * @throws {TypeError} If `immediate` is not a boolean.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@asyncio/asyncio";
   *
   * const queue = new Queue<string>();
   * queue.putNowait("a");
   * queue.shutdown();
   * for await (const item of queue) console.log(item);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.shutdown}
   */
  shutdown(immediate: boolean = false): void {
    assertBoolean("The immediate of shutdown()", immediate);
    this.#channel.shutDown(immediate);
  }

  /**
   * Returns a description for logs and error messages: `<Queue maxSize=2 size=1 tasks=1>`.
   *
   * @returns The description.
   */
  toString(): string {
    return `<${this.constructor.name} ${this.#channel}>`;
  }

  /** @ignore */
  [source](): Source<T> {
    return this.#channel.source();
  }

  /** @ignore */
  [sink](item: T): Source<void> {
    return this.#channel.sink(item);
  }

  /**
   * Iterates over the items, as {@linkcode Queue.get} gives them, until the queue is shut down and empty. Concurrent
   * iterations share the items. Items that are futures are not unwrapped.
   *
   * Cancel safe: if the awaiting task is cancelled between two items, no item is lost.
   *
   * @returns An iterator.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue}
   */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    const channel = this.#channel;
    return { next: () => channel.next() };
  }
}

/**
 * A last-in, first-out queue (a stack).
 *
 * @typeParam T The type of the items.
 *
 * @example Usage
 * ```ts
 * import { LifoQueue } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new LifoQueue<string>();
 * await queue.put("a");
 * await queue.put("b");
 * assertEquals(await queue.get(), "b");
 * assertEquals(await queue.get(), "a");
 * ```
 *
 * @category Queues
 * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.LifoQueue}
 */
export class LifoQueue<T = unknown> extends Queue<T> {
  /**
   * Constructs a new instance.
   *
   * @param maxSize The greatest number of items; no limit if it is 0 or less.
   * @throws {RangeError} If `maxSize` is `NaN`.
   * @throws {TypeError} If `maxSize` is not a number.
   */
  constructor(maxSize: number = 0) {
    super(maxSize);
    storeIn(this, new Stack<T>());
  }
}

class Stack<T> extends RingBuffer<T> {
  override take(): T {
    return this.takeLast();
  }
}

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
