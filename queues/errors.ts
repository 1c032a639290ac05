// Copyright 2026 the asyncio for Deno authors. MIT license.

import { messageOf, registerErrorClass } from "../loop/core/error_classes.ts";

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
    super(messageOf(message), options);
    this.name = "QueueEmpty";
  }
}

registerErrorClass(QueueEmpty);

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
    super(messageOf(message), options);
    this.name = "QueueFull";
  }
}

registerErrorClass(QueueFull);

/**
 * The queue is shut down: nothing can be put into it any more, and there is nothing left to get.
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
 * @see {@link https://docs.python.org/3/library/asyncio-queue.html#asyncio.QueueShutDown}
 */
export class QueueShutDown extends Error {
  /**
   * Constructs a new instance.
   *
   * @param message What could not be done.
   * @param options The error's `cause`.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(messageOf(message), options);
    this.name = "QueueShutDown";
  }
}

registerErrorClass(QueueShutDown);
