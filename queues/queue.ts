// Copyright 2026 the asyncio for Deno authors. MIT license.

import { inspectAsText } from "../loop/core/inspection.ts";
import type { Future } from "../loop/core/future.ts";
import { assertBoolean, assertNumber } from "../loop/core/validate.ts";
import { Channel, type Store } from "./_channel.ts";

/** Has a queue, which is empty, keep its items in another store than the ordinary one. */
export let storeIn: <T>(queue: Queue<T>, store: Store<T>) => void;

/**
 * A first-in, first-out queue between tasks that put items in and tasks that get them out.
 *
 * A queue with a `maxSize` slows its producers down: {@linkcode Queue.put} waits while it is full.
 * Tasks get items in the order in which they asked for them, and nothing is lost when one of them is
 * cancelled. A queue can be made anywhere and is bound to the loop in which it is first waited for.
 *
 * An item may be anything. Only `await` unwraps thenables: where the items are tasks or other futures,
 * `await queue.get()` gives the result of the task, not the task; `queue.getNowait()` and
 * `for await (const task of queue)` give the task.
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
   * @param maxSize How many items there is room for; zero or less for any number.
   * @throws {RangeError} If `maxSize` is `NaN`.
   * @throws {TypeError} If `maxSize` is not a number.
   */
  constructor(maxSize: number = 0) {
    assertNumber("The maxSize of a queue", maxSize);
    this.#channel = new Channel(maxSize);
  }

  /** How many items there is room for; zero or less for any number. */
  get maxSize(): number {
    return this.#channel.maxSize;
  }

  /**
   * How many items are in the queue.
   *
   * @returns The number of items.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<string>();
   * queue.putNowait("a");
   * assertEquals(queue.qsize(), 1);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.qsize}
   */
  qsize(): number {
    return this.#channel.items.size;
  }

  /**
   * Whether the queue is empty.
   *
   * @returns `true` if it is.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@asyncio/asyncio";
   * import { assert } from "@std/assert";
   *
   * assert(new Queue().empty());
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.empty}
   */
  empty(): boolean {
    return this.#channel.isEmpty;
  }

  /**
   * Whether there are {@linkcode Queue.maxSize} items in the queue.
   *
   * @returns `true` if there are; never without a `maxSize`.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@asyncio/asyncio";
   * import { assert } from "@std/assert";
   *
   * const queue = new Queue<string>(1);
   * queue.putNowait("a");
   * assert(queue.full());
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.full}
   */
  full(): boolean {
    return this.#channel.isFull;
  }

  /**
   * Puts an item into the queue, and waits for room if it is full. If there is room, that does not let
   * other tasks have a turn.
   *
   * Cancel safe: when the awaiting task is cancelled here, the item has not been put; if room had been
   * made for it already, the next who waits gets that.
   *
   * @param item The item.
   * @returns A future that is done once the item is in the queue.
   * @throws {QueueShutDown} If the queue is shut down, also while the item waits.
   * @throws {RuntimeError} If room has to be waited for and the queue is bound to another loop.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<string>(1);
   * await queue.put("a");
   * const put = queue.put("b");
   * assertEquals(put.done(), false);
   * assertEquals(await queue.get(), "a");
   * await put;
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.put}
   */
  put(item: T): Future<void> {
    return this.#channel.put(item);
  }

  /**
   * Puts an item into the queue at once.
   *
   * @param item The item.
   * @throws {QueueFull} If the queue is full.
   * @throws {QueueShutDown} If the queue is shut down.
   *
   * @example Usage
   * ```ts
   * import { Queue, QueueFull } from "@asyncio/asyncio";
   * import { assertThrows } from "@std/assert";
   *
   * const queue = new Queue<string>(1);
   * queue.putNowait("a");
   * assertThrows(() => queue.putNowait("b"), QueueFull);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.put_nowait}
   */
  putNowait(item: T): void {
    this.#channel.putNowait(item);
  }

  /**
   * Gets the next item out of the queue, and waits for one if it is empty. If there is one, that does
   * not let other tasks have a turn.
   *
   * Where the items are tasks or other futures, `await` gives the result of the task: `getNowait()` and
   * iteration give the task itself.
   *
   * Cancel safe: when the awaiting task is cancelled here, no item has left the queue; if one had been
   * put for this task already, the next who waits gets that.
   *
   * @returns A future of the item.
   * @throws {QueueShutDown} If the queue is shut down and empty, also if it becomes so in the meantime.
   * @throws {RuntimeError} If an item has to be waited for and the queue is bound to another loop.
   *
   * @example Usage
   * ```ts
   * import { createTask, Queue } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<string>();
   * createTask(() => queue.putNowait("a"));
   * assertEquals(await queue.get(), "a");
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.get}
   */
  get(): Future<T> {
    return this.#channel.get();
  }

  /**
   * Gets the next item out of the queue at once.
   *
   * @returns The item.
   * @throws {QueueEmpty} If the queue is empty.
   * @throws {QueueShutDown} If the queue is empty and shut down.
   *
   * @example Usage
   * ```ts
   * import { Queue, QueueEmpty } from "@asyncio/asyncio";
   * import { assertEquals, assertThrows } from "@std/assert";
   *
   * const queue = new Queue<string>();
   * queue.putNowait("a");
   * assertEquals(queue.getNowait(), "a");
   * assertThrows(() => queue.getNowait(), QueueEmpty);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.get_nowait}
   */
  getNowait(): T {
    return this.#channel.getNowait();
  }

  /**
   * Says that the work on an item that was got is done; {@linkcode Queue.join} counts on it.
   *
   * @throws {RangeError} If it is called more often than items were put.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@asyncio/asyncio";
   *
   * const queue = new Queue<string>();
   * queue.putNowait("a");
   * console.log(await queue.get());
   * queue.taskDone();
   * await queue.join();
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.task_done}
   */
  taskDone(): void {
    this.#channel.finishOne();
  }

  /**
   * Waits until {@linkcode Queue.taskDone} has been called for every item that was put.
   *
   * Cancel safe: when the awaiting task is cancelled here, nothing has happened.
   *
   * @returns A future that is done once all work is.
   * @throws {RuntimeError} At the `await`, if there is work to wait for and the queue is bound to another loop.
   *
   * @example Usage
   * ```ts
   * import { createTask, Queue } from "@asyncio/asyncio";
   *
   * const queue = new Queue<string>();
   * queue.putNowait("a");
   * createTask(async () => {
   *   console.log(await queue.get());
   *   queue.taskDone();
   * });
   * await queue.join();
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.join}
   */
  join(): Future<void> {
    return this.#channel.join();
  }

  /**
   * Shuts the queue down: nothing can be put into it from now on, and who waits for room gets a
   * `QueueShutDown`. What is in it can still be got; after that, and at once for those who wait for an
   * item, getting throws a `QueueShutDown` and iteration ends.
   *
   * @param immediate Whether to drop what is in the queue, and count the work on it as done.
   * @throws {TypeError} If `immediate` is not a boolean.
   *
   * @example Usage
   * ```ts
   * import { Queue, QueueShutDown } from "@asyncio/asyncio";
   * import { assertEquals, assertThrows } from "@std/assert";
   *
   * const queue = new Queue<string>();
   * queue.putNowait("a");
   * queue.shutdown();
   * assertEquals(queue.getNowait(), "a");
   * assertThrows(() => queue.getNowait(), QueueShutDown);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.shutdown}
   */
  shutdown(immediate: boolean = false): void {
    assertBoolean("The immediate of shutdown()", immediate);
    this.#channel.shutDown(immediate);
  }

  /**
   * What this is and how it stands, for messages: `<Queue maxSize=2 size=1 tasks=1>`.
   *
   * @returns The text.
   */
  toString(): string {
    return `<${this.constructor.name} ${this.#channel}>`;
  }

  /**
   * Iterates over the items as {@linkcode Queue.get} gives them, until the queue is shut down and
   * drained. Several iterations share the items. Items that are futures come as they are.
   *
   * Cancel safe: when the awaiting task is cancelled between two items, no item has left the queue.
   *
   * @returns An iterator.
   *
   * @example Usage
   * ```ts
   * import { Queue } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = new Queue<string>();
   * queue.putNowait("a");
   * queue.putNowait("b");
   * queue.shutdown();
   *
   * const items: string[] = [];
   * for await (const item of queue) items.push(item);
   * assertEquals(items, ["a", "b"]);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue}
   */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    const channel = this.#channel;
    return { next: () => channel.next() };
  }
}
