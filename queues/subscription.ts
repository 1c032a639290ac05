// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../loop/core/future.ts";
import { inspectAsText } from "../loop/core/inspection.ts";
import { type Source, source } from "../loop/core/selectable.ts";
import type { Feed } from "./_feed.ts";

/**
 * Creates the subscription to a feed.
 *
 * @category Queues
 */
export let subscriptionTo: <T>(feed: Feed<T>) => Subscription<T>;

/**
 * What one subscriber of a {@linkcode Broadcast} or {@linkcode Watched} gets: everything from its subscription on, in
 * order.
 *
 * `using` closes it at the end of the block, and leaving a `for await` loop closes it too. A subscription that is
 * neither closed nor read keeps its items.
 *
 * @typeParam T The type of the items.
 *
 * @example Usage
 * ```ts
 * import { Broadcast } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const news = new Broadcast<string>();
 * using subscription = news.subscribe();
 * news.publishNowait("hello");
 * assertEquals(await subscription.get(), "hello");
 * ```
 *
 * @category Queues
 */
export class Subscription<T = unknown>
  implements AsyncIterable<T, undefined>, Disposable {
  readonly #feed: Feed<T>;

  static {
    inspectAsText(this);
    subscriptionTo = (feed) => new Subscription(feed);
  }

  private constructor(feed: Feed<T>) {
    this.#feed = feed;
  }

  /** The number of items that were dropped because the subscriber was slow. */
  get dropped(): number {
    return this.#feed.dropped;
  }

  /**
   * Removes and returns the next item, and waits for one while there is none. If there is one, it does not yield.
   *
   * Cancel safe: if the awaiting task is cancelled, no item is removed.
   *
   * @returns A future of the item.
   * @throws {QueueFull} After the last item, if the subscriber was too slow for a broadcast with `slow: "fail"`.
   * @throws {QueueShutDown} After the last item, if the source is shut down; if the subscription is closed, also while
   * waiting.
   * @throws {RuntimeError} If it has to wait and the subscription is bound to another loop.
   */
  get(): Future<T> {
    return this.#feed.get();
  }

  /**
   * Removes and returns the next item without waiting.
   *
   * @returns The item.
   * @throws {QueueEmpty} If there is none.
   * @throws {QueueFull} If there is none and the subscriber was too slow for a broadcast with `slow: "fail"`.
   * @throws {QueueShutDown} If there is none and the source is shut down, or the subscription is closed.
   */
  getNowait(): T {
    return this.#feed.getNowait();
  }

  /**
   * Returns the number of items that are there.
   *
   * @returns The number of items.
   */
  qsize(): number {
    return this.#feed.size;
  }

  /**
   * Closes the subscription: drops what is there, and gets nothing more. A `get()` that waits throws a
   * `QueueShutDown`, and an iteration ends. Closing it again is a no-op.
   */
  close(): void {
    this.#feed.close();
  }

  /** Closes the subscription, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Iterates over the items until the source is shut down or the subscription is closed. Leaving the loop closes the
   * subscription; so does cancelling the task that awaits its next item.
   *
   * @returns An iterator.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return this.#feed.iterate();
  }

  /** @ignore */
  [source](): Source<T> {
    return this.#feed.source();
  }

  /**
   * Returns a description for logs and error messages: `<Subscription size=2>`.
   *
   * @returns The description.
   */
  toString(): string {
    const { size, dropped, hasEnded } = this.#feed;
    const parts = [`size=${size}`];
    if (dropped > 0) parts.push(`dropped=${dropped}`);
    if (hasEnded) parts.push("closed");
    return `<Subscription ${parts.join(" ")}>`;
  }
}
