// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  fulfilled,
  type Future,
  homeOf,
  type Settlement,
  withError,
  withResult,
} from "../loop/core/future.ts";
import { LoopBound } from "../loop/core/loop_bound.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { RingBuffer } from "../loop/core/ring_buffer.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import type { Source } from "../loop/core/selectable.ts";
import { QueueEmpty, QueueFull, QueueShutDown } from "./errors.ts";

/** What happens behind the items of a feed. */
export interface FeedSource<T> {
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
