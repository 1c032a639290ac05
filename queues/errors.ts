// Copyright 2026 the asyncio for Deno authors. MIT license.

import { messageOf, registerErrorClass } from "../loop/core/errors.ts";

/**
 * `Queue.getNowait()` was called on an empty queue.
 *
 * @example Usage
 * ```ts
 * import { Queue, QueueEmpty } from "@asyncio/asyncio";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new Queue().getNowait(), QueueEmpty);
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.QueueEmpty}
 */
export class QueueEmpty extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What failed.
   * @param options The `cause` of the error.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "QueueEmpty";
  }
}

registerErrorClass(QueueEmpty);

/**
 * `Queue.putNowait()` was called on a full queue.
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
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.QueueFull}
 */
export class QueueFull extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What failed.
   * @param options The `cause` of the error.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "QueueFull";
  }
}

registerErrorClass(QueueFull);

/**
 * The queue is shut down: it accepts no more items, and none are left to get.
 *
 * @example Usage
 * ```ts
 * import { Queue, QueueShutDown } from "@asyncio/asyncio";
 * import { assertRejects } from "@std/assert";
 *
 * const queue = new Queue<string>();
 * queue.shutdown();
 * await assertRejects(() => queue.put("too late"), QueueShutDown);
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.QueueShutDown}
 */
export class QueueShutDown extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What failed.
   * @param options The `cause` of the error.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "QueueShutDown";
  }
}

registerErrorClass(QueueShutDown);
