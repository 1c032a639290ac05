// Copyright 2026 the asyncio for Deno authors. MIT license.

import { inspectAsText } from "../loop/core/inspection.ts";
import type { Future } from "../loop/core/future.ts";
import { sink, type Source, source } from "../loop/core/selectable.ts";
import { assertBoolean, assertNumber } from "../loop/core/validate.ts";
import { Channel, type Store } from "./_channel.ts";

/** Replaces the store of a queue, which must be empty. */
export let storeIn: <T>(queue: Queue<T>, store: Store<T>) => void;

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
