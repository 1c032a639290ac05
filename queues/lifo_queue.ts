// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RingBuffer } from "../loop/core/ring_buffer.ts";
import { Queue, storeIn } from "./queue.ts";

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
