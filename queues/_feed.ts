// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  fulfilled,
  type Future,
  homeOf,
  type Settlement,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  type Source,
  source,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { RingBuffer } from "../loop/core/ring_buffer.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { QueueEmpty, QueueFull, QueueShutDown } from "./errors.ts";
import { inspectAsText } from "../loop/core/inspection.ts";

/** What happens behind the items of a feed. */
interface FeedSource<T> {
  /** Called when a feed that was full has room, unless its consumer closes it. */
  hasRoom?(): void;
  /** Called when the consumer closes the feed. */
  closed?(feed: Feed<T>, wasFull: boolean): void;
}

/** The behaviour of a feed after its last item. */
interface End {
  /** Creates what `get()` throws. */
  readonly error: () => unknown;
  /** Whether an iteration throws the error; otherwise it ends. */
  readonly isFailure: boolean;
}

/** Items for one consumer. The source pushes them; after the last one there may be an end. */
export class Feed<T> {
  readonly #name: string;
  readonly #maxSize: number;
  readonly #source: FeedSource<T>;
  readonly #items = new RingBuffer<T>();
  /** The operations that wait for an item, without those that were woken. */
  readonly #getters = new WaitQueue();
  readonly #loop: LoopBound;
  #end: End | null = null;
  /** The number of items that were dropped because the consumer was slow. */
  dropped = 0;

  /** `name` is that of the feed in messages; a `maxSize` of 0 means no bound. */
  constructor(name: string, maxSize: number, source: FeedSource<T> = {}) {
    this.#name = name;
    this.#loop = new LoopBound(name);
    this.#maxSize = maxSize;
    this.#source = source;
  }

  get size(): number {
    return this.#items.size;
  }

  get isFull(): boolean {
    return this.#maxSize > 0 && this.#items.size >= this.#maxSize;
  }

  get hasEnded(): boolean {
    return this.#end !== null;
  }

  /** Adds an item. */
  push(item: T): void {
    this.#items.push(item);
    this.#getters.wakeOne();
  }

  /** Adds an item; if there is no room, drops the oldest. */
  pushNewest(item: T): void {
    if (this.isFull) {
      this.#items.take();
      this.dropped++;
    }
    this.push(item);
  }

  /** Adds an item; if there is no room, ends the feed with a `QueueFull`. Returns whether there was room. */
  pushOrFail(item: T): boolean {
    if (this.isFull) {
      const message =
        `Cannot get from the ${this.#name} as it was too slow: its maxSize is ${this.#maxSize}`;
      this.#endWith({ error: () => new QueueFull(message), isFailure: true });
      return false;
    }
    this.push(item);
    return true;
  }

  /** Ends the feed after the items that are there. */
  shutDown(): void {
    this.#endWith(this.#shutDownEnd("shut down"));
  }

  /** Fails the feed after the items that are there. */
  fail(error: unknown): void {
    this.#endWith({ error: () => error, isFailure: true });
  }

  /** Fails the feed and drops the items that are there. */
  abort(error: unknown): void {
    this.#items.clear();
    this.fail(error);
  }

  /** Ends the feed and drops the items that are there. */
  close(): void {
    const wasFull = this.isFull;
    this.#items.clear();
    this.#end = this.#shutDownEnd("closed");
    this.#getters.wakeAll();
    this.#source.closed?.(this, wasFull);
  }

  #shutDownEnd(state: string): End {
    const message = `Cannot get from the ${this.#name} as it is ${state}`;
    return { error: () => new QueueShutDown(message), isFailure: false };
  }

  #endWith(end: End): void {
    if (this.#end !== null) return;
    this.#end = end;
    this.#getters.wakeAll();
  }

  getNowait(): T {
    if (this.#items.size > 0) return this.#take();
    if (this.#end !== null) throw this.#end.error();
    throw new QueueEmpty(`Cannot get from the ${this.#name} as it is empty`);
  }

  get(): Future<T> {
    return this.#begin(Feed.#get as PrimitiveBehavior<T, Feed<T>>);
  }

  /** Returns an iterator over the items. When the loop is left, also by a cancellation, the feed is closed. */
  iterate(): AsyncIterableIterator<T, undefined> & AsyncDisposable {
    return {
      next: () => this.#next(),
      return: () => this.#return(END),
      [Symbol.asyncIterator]() {
        return this;
      },
      [Symbol.asyncDispose]: () => this.#return(undefined),
    };
  }

  /** Returns the next result of an iteration. An error is thrown once. */
  #next(): Future<IteratorResult<T, undefined>> {
    return this.#begin(Feed.#step as PrimitiveBehavior<Result<T>, Feed<T>>);
  }

  /** Closes the feed, at the end of an iteration. */
  #return<R>(result: R): Future<R> {
    this.close();
    return fulfilled(currentScheduler(), result);
  }

  #begin<R>(kind: PrimitiveBehavior<R, Feed<T>>): Future<R> {
    const operation = new PrimitiveFuture(currentScheduler(), kind, this);
    operation.tryNow();
    return operation;
  }

  #take(): T {
    const wasFull = this.isFull;
    const item = this.#items.take();
    if (wasFull) this.#source.hasRoom?.();
    return item;
  }

  #wait(operation: PrimitiveFuture<unknown, Feed<T>>): Settlement | null {
    const misuse = this.#loop.bind(homeOf(operation));
    if (misuse !== null) return withError(misuse);
    operation.joinQueue(this.#getters);
    return null;
  }

  /** How `select()` gets an item. */
  source(): Source<T> {
    return { behavior: Feed.#get, subject: this };
  }

  static readonly #get: PrimitiveBehavior<unknown, Feed<unknown>> = {
    name: "Subscription.get()",
    selectInstead: "the subscription itself",
    poll(feed, get) {
      if (feed.size > 0) return withResult(feed.#take());
      if (feed.#end !== null) return withError(feed.#end.error());
      return feed.#wait(get);
    },
    onCancelled: (_, get) => get.leaveQueue(),
    handBack(feed, _, wasWoken) {
      if (wasWoken && feed.size > 0) feed.#getters.wakeOne();
    },
  };

  static readonly #step: PrimitiveBehavior<Result<unknown>, Feed<unknown>> = {
    name: "Subscription.get()",
    selectInstead: "the subscription itself",
    poll(feed, next) {
      if (feed.size > 0) {
        return withResult({ done: false, value: feed.#take() });
      }
      if (feed.#end === null) return feed.#wait(next);
      const { isFailure, error } = feed.#end;
      if (!isFailure) return withResult(END);
      feed.#end = { error, isFailure: false };
      return withError(error());
    },
    onCancelled: Feed.#get.onCancelled,
    // The loop is left, and JavaScript calls `return()` only if it is left between two items.
    handBack: (feed) => feed.close(),
  };
}

type Result<T> = IteratorResult<T, undefined>;

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

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
