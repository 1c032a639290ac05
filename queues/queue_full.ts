// Copyright 2026 the asyncio for Deno authors. MIT license.

import { registerErrorClass } from "../loop/error_classes.ts";

/**
 * The queue is full: what `Queue.putNowait()` throws then.
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
 * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.QueueFull}
 */
export class QueueFull extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What could not be done.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "QueueFull";
  }
}

registerErrorClass(QueueFull);
