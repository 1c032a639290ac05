// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Facts, facts, queueWatch } from "../loop/core/inspection.ts";
import { RingBuffer } from "../loop/core/ring_buffer.ts";
import {
  DoneOperation,
  fulfilled,
  type Future,
  homeOf,
  type Settlement,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  failed,
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  type Source,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler, type Scheduler } from "../loop/core/scheduler.ts";
import { QueueEmpty, QueueFull, QueueShutDown } from "./errors.ts";

/** The storage of a queue's items. It decides in which order they come out. */
export interface Store<T> {
  /** The number of items. */
  readonly size: number;
  /** Adds an item, or throws and changes nothing. */
  push(item: T): void;
  /** Removes the next item, or throws and changes nothing. The store is not empty. */
  take(): T;
  /** Removes all items. */
  clear(): void;
}

/** The implementation of a queue: its items, and the operations that wait. */
export class Channel<T> {
  items: Store<T> = new RingBuffer<T>();
  readonly maxSize: number;
  isShutDown = false;
  /** The number of items that were put and for which `taskDone()` has not been called. */
  unfinished = 0;
  /** The operations that wait for an item, for room and for the work to be done, without those that were woken. */
  readonly getters = new WaitQueue();
  readonly putters = new WaitQueue();
  readonly joiners = new WaitQueue();
  readonly #loop = new LoopBound("queue");

  constructor(maxSize: number) {
    this.maxSize = maxSize;
    if (queueWatch !== null) queueWatch(this);
  }

  get isEmpty(): boolean {
    return this.items.size === 0;
  }

  get isFull(): boolean {
    return this.maxSize > 0 && this.items.size >= this.maxSize;
  }

  /** Removes the next item, and wakes an operation that waits for room. There is an item. */
  take(): T {
    const item = this.items.take();
    this.putters.wakeOne();
    return item;
  }

  /** Adds an item, and wakes an operation that waits for it. There is room. */
  accept(item: T): void {
    this.items.push(item);
    this.unfinished++;
    this.getters.wakeOne();
  }

  getNowait(): T {
    if (!this.isEmpty) return this.take();
    if (this.isShutDown) throw nothingToGet();
    throw new QueueEmpty("Cannot get from the queue as it is empty");
  }

  putNowait(item: T): void {
    if (this.isShutDown) throw cannotPut();
    if (this.isFull) {
      throw new QueueFull(
        `Cannot put into the queue as it is full: its maxSize is ${this.maxSize}`,
      );
    }
    this.accept(item);
  }

  get(): Future<T> {
    const scheduler = currentScheduler();
    try {
      if (!this.isEmpty) return fulfilled(scheduler, this.take(), GOT);
      if (this.isShutDown) throw nothingToGet();
      return this.#wait(scheduler, this.getters, GET as Get<T>, this);
    } catch (error) {
      return failed(scheduler, error);
    }
  }

  put(item: T): Future<void> {
    const scheduler = currentScheduler();
    try {
      if (this.isShutDown) throw cannotPut();
      if (this.isFull) {
        const put = { channel: this, item };
        return this.#wait(scheduler, this.putters, PUT, put);
      }
      this.accept(item);
      return fulfilled(scheduler, undefined, HAS_PUT);
    } catch (error) {
      return failed(scheduler, error);
    }
  }

  /** Returns the next result of an iteration over the items. */
  next(): Future<IteratorResult<T, undefined>> {
    const scheduler = currentScheduler();
    try {
      if (!this.isEmpty) return fulfilled(scheduler, yielded(this.take()), GOT);
      if (this.isShutDown) return fulfilled(scheduler, END);
      return this.#wait(scheduler, this.getters, NEXT as Next<T>, this);
    } catch (error) {
      return failed(scheduler, error);
    }
  }

  finishOne(): void {
    if (this.unfinished === 0) {
      throw new RangeError(
        "Cannot mark a task as done as none is unfinished: taskDone() was called more often than items were put",
      );
    }
    this.unfinished--;
    if (this.unfinished === 0) this.joiners.wakeAll();
  }

  join(): Future<void> {
    const scheduler = currentScheduler();
    if (this.unfinished === 0) return fulfilled(scheduler, undefined);
    try {
      return this.#wait(scheduler, this.joiners, JOIN, this);
    } catch (error) {
      return failed(scheduler, error);
    }
  }

  shutDown(immediate: boolean): void {
    this.isShutDown = true;
    if (immediate) {
      this.unfinished = Math.max(0, this.unfinished - this.items.size);
      this.items.clear();
      if (this.unfinished === 0) this.joiners.wakeAll();
    }
    // Woken operations check again, and find the queue shut down.
    this.getters.wakeAll();
    this.putters.wakeAll();
  }

  [facts](): { kind: string } & Facts {
    return {
      kind: "Queue",
      size: this.items.size,
      maxSize: this.maxSize,
      getters: this.getters.size,
      putters: this.putters.size,
      unfinished: this.unfinished,
      shutDown: this.isShutDown,
    };
  }

  toString(): string {
    const parts = [`maxSize=${this.maxSize}`, `size=${this.items.size}`];
    if (this.getters.size > 0) parts.push(`getters=${this.getters.size}`);
    if (this.putters.size > 0) parts.push(`putters=${this.putters.size}`);
    if (this.unfinished > 0) parts.push(`tasks=${this.unfinished}`);
    if (this.isShutDown) parts.push("shutdown");
    return parts.join(" ");
  }

  #wait<R, S>(
    scheduler: Scheduler,
    line: WaitQueue,
    kind: PrimitiveBehavior<R, S>,
    subject: S,
  ): Future<R> {
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) throw misuse;
    const operation = new PrimitiveFuture(scheduler, kind, subject);
    operation.joinQueue(line);
    return operation;
  }

  /** Queues an operation: one that was woken in vain, or that `select()` begins. */
  enqueue(
    operation: PrimitiveFuture<unknown>,
    line: WaitQueue,
  ): Settlement | null {
    const misuse = this.#loop.bind(homeOf(operation));
    if (misuse !== null) return withError(misuse);
    operation.joinQueue(line);
    return null;
  }

  /** How `select()` gets an item. */
  source(): Source<T> {
    return { behavior: GET, subject: this };
  }

  /** How `select()` puts an item. */
  sink(item: T): Source<void> {
    return { behavior: PUT, subject: { channel: this, item } };
  }
}

/** A `get()` that waits for an item. */
type Get<T> = PrimitiveBehavior<T, Channel<T>>;

const GET: Get<unknown> = {
  name: "Queue.get()",
  selectInstead: "the queue itself",
  objectOf: (channel) => channel,
  poll(channel, get) {
    if (!channel.isEmpty) return withResult(channel.take());
    if (channel.isShutDown) return withError(nothingToGet());
    // Another task took the item. As in asyncio, this one goes to the end of the queue.
    return channel.enqueue(get, channel.getters);
  },
  onCancelled: (_, get) => get.leaveQueue(),
  handBack(channel, _, wasWoken) {
    if (wasWoken && !channel.isEmpty) channel.getters.wakeOne();
  },
};

/** An iteration that waits for an item. */
type Next<T> = PrimitiveBehavior<IteratorResult<T, undefined>, Channel<T>>;

const NEXT: Next<unknown> = {
  name: "Queue.get()",
  selectInstead: "the queue itself",
  objectOf: (channel) => channel,
  poll(channel, next) {
    if (!channel.isEmpty) return withResult(yielded(channel.take()));
    if (channel.isShutDown) return withResult(END);
    return channel.enqueue(next, channel.getters);
  },
  onCancelled: GET.onCancelled,
  handBack: GET.handBack,
};

/** A `put()` that waits for room. */
const PUT: PrimitiveBehavior<
  void,
  { channel: Channel<unknown>; item: unknown }
> = {
  name: "Queue.put()",
  selectInstead: "putting(queue, item)",
  objectOf: ({ channel }) => channel,
  poll({ channel, item }, put) {
    if (channel.isShutDown) return withError(cannotPut());
    if (channel.isFull) {
      return channel.enqueue(put, channel.putters);
    }
    channel.accept(item);
    return DONE;
  },
  onCancelled: (_, put) => put.leaveQueue(),
  handBack({ channel }, _, wasWoken) {
    if (wasWoken && !channel.isFull) channel.putters.wakeOne();
  },
};

/** A `join()` that was woken completes, even if items have been put since. */
const JOIN: PrimitiveBehavior<void, Channel<unknown>> = {
  name: "Queue.join()",
  objectOf: (channel) => channel,
  poll: () => DONE,
  onCancelled: (_, join) => join.leaveQueue(),
  handBack() {},
};

const GOT = new DoneOperation(GET);
const HAS_PUT = new DoneOperation(PUT);

const DONE = withResult(undefined);
const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

function yielded<T>(value: T): IteratorYieldResult<T> {
  return { done: false, value };
}

function nothingToGet(): QueueShutDown {
  return new QueueShutDown("Cannot get from the queue as it is shut down");
}

function cannotPut(): QueueShutDown {
  return new QueueShutDown("Cannot put into the queue as it is shut down");
}
