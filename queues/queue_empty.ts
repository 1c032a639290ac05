// Copyright 2026 the asyncio for Deno authors. MIT license.

import { registerErrorClass } from "../loop/error_classes.ts";

/**
 * The queue is empty: what `Queue.getNowait()` throws then.
 *
 * @example Usage
 * ```ts
 * import { Queue, QueueEmpty } from "@asyncio/asyncio";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new Queue().getNowait(), QueueEmpty);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.QueueEmpty}
 */
export class QueueEmpty extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What could not be done.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "QueueEmpty";
  }
}

registerErrorClass(QueueEmpty);
