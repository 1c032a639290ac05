// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  fulfilled,
  type Future,
  withError,
  withResult,
} from "../loop/core/future.ts";
import { inspectAsText } from "../loop/core/inspection.ts";
import {
  failed,
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import {
  assertCount,
  assertOneOf,
  assertOptions,
} from "../loop/core/validate.ts";
import { QueueFull, QueueShutDown } from "./errors.ts";
import { Feed, type Subscription, subscriptionTo } from "./_feed.ts";

/**
 * The options of a {@linkcode Broadcast}.
 *
 * @category Queues
 */
export interface BroadcastOptions {
  /** The greatest number of items that a subscriber may leave unread; 0, the default, means no bound. */
  maxSize?: number | undefined;
  /**
   * What happens when a subscriber has no room for an item. `"wait"`, the default: `publish()` waits until all have
   * room. `"drop"`: the subscriber loses its oldest item. `"fail"`: the subscriber gets what it has, then a
   * `QueueFull`.
   */
  slow?: "wait" | "drop" | "fail" | undefined;
}

/**
 * A channel from publishers to subscribers: every subscriber gets every item that is published from its subscription
 * on, in the same order.
 *
 * A broadcast can be created outside a loop, and is bound to the loop of the first wait. `using` shuts it down at the
 * end of the block.
 *
 * @typeParam T The type of the items.
 *
 * @example Everyone in a chat
 * ```ts
 * import { Broadcast, run, taskGroup } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(() =>
 *   taskGroup(async (group) => {
 *     const chat = new Broadcast<string>({ maxSize: 100, slow: "drop" });
 *     for (const name of ["ada", "bob"]) {
 *       const messages = chat.subscribe();
 *       group.createTask(async () => {
 *         const got: string[] = [];
 *         for await (const message of messages) got.push(message);
 *         assertEquals(got, ["hello", "bye"], name);
 *       });
 *     }
 *     await chat.publish("hello");
 *     await chat.publish("bye");
 *     chat.shutdown();
 *   })
 * );
 * ```
 *
 * @category Queues
 */
export class Broadcast<T = unknown>
  implements AsyncIterable<T, undefined>, Disposable {
  readonly #maxSize: number;
  readonly #slow: "wait" | "drop" | "fail";
  readonly #feeds = new Set<Feed<T>>();
  /** The number of feeds without room. */
  #full = 0;
  /** The publishers that wait for room; one that was woken stays until its turn, ahead of later ones. */
  readonly #publishers = new WaitQueue();
  readonly #loop = new LoopBound("broadcast");
  #isShutDown = false;

  static {
    inspectAsText(this);
  }

  /**
   * Constructs a new instance.
   *
   * @param options How many items a subscriber may leave unread, and what happens to one that is slow.
   * @throws {RangeError} If an option is out of range.
   * @throws {TypeError} If an option is of the wrong type.
   */
  constructor(options: BroadcastOptions = {}) {
    assertOptions("Broadcast", options);
    const { maxSize = 0, slow = "wait" } = options;
    assertCount("The maxSize option", maxSize, 0);
    assertOneOf("The slow option", slow, ["wait", "drop", "fail"]);
    this.#maxSize = maxSize;
    this.#slow = slow;
  }

  /** The number of open subscriptions. */
  get subscribers(): number {
    return this.#feeds.size;
  }

  /**
   * Publishes an item: gives it to all subscribers. With `slow: "wait"`, it waits until all have room; publishers
   * proceed in FIFO order. Otherwise it does not yield.
   *
   * Cancel safe: if the awaiting task is cancelled, no subscriber gets the item.
   *
   * @param item The item.
   * @returns A future that completes when all subscribers have the item.
   * @throws {QueueShutDown} If the broadcast is shut down, also while waiting.
   * @throws {RuntimeError} If it has to wait and the broadcast is bound to another loop.
   */
  publish(item: T): Future<void> {
    const scheduler = currentScheduler();
    if (this.#isShutDown) return failed(scheduler, cannotPublish());
    if (this.#full === 0 && this.#publishers.first === null) {
      this.#give(item);
      return fulfilled(scheduler, undefined);
    }
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) return failed(scheduler, misuse);
    const subject = { broadcast: this, item };
    const publication = new PrimitiveFuture(
      scheduler,
      Broadcast.#publication,
      subject,
    );
    publication.joinQueue(this.#publishers);
    return publication;
  }

  /**
   * Publishes an item without waiting.
   *
   * @param item The item.
   * @throws {QueueFull} With `slow: "wait"`, if a subscriber has no room; none gets the item then.
   * @throws {QueueShutDown} If the broadcast is shut down.
   */
  publishNowait(item: T): void {
    if (this.#isShutDown) throw cannotPublish();
    if (this.#full > 0) {
      throw new QueueFull(
        `Cannot publish the item as a subscriber has no room: the maxSize of the broadcast is ${this.#maxSize}`,
      );
    }
    this.#give(item);
  }

  /**
   * Subscribes to what is published from now on.
   *
   * @returns The subscription; close it when it is no longer read.
   * @throws {QueueShutDown} If the broadcast is shut down.
   */
  subscribe(): Subscription<T> {
    return subscriptionTo(this.#open());
  }

  /**
   * Shuts the broadcast down: publishing throws a `QueueShutDown` from now on, also where it is waiting. Subscribers
   * get the items that they have; then `get()` throws a `QueueShutDown` and iterations end.
   */
  shutdown(): void {
    this.#isShutDown = true;
    for (const feed of this.#feeds) feed.shutDown();
    this.#feeds.clear();
    this.#full = 0;
    this.#publishers.wakeAll();
  }

  /** Shuts the broadcast down, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.shutdown();
  }

  /**
   * Subscribes, and iterates over what is published from this call on. Leaving the loop, or cancelling the task
   * that awaits its next item, ends the subscription.
   *
   * @returns An iterator.
   * @throws {QueueShutDown} If the broadcast is shut down.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return this.subscribe()[Symbol.asyncIterator]();
  }

  /**
   * Returns a description for logs and error messages: `<Broadcast subscribers=2>`.
   *
   * @returns The description.
   */
  toString(): string {
    const parts = [`subscribers=${this.subscribers}`];
    const { size } = this.#publishers;
    if (size > 0) parts.push(`publishers=${size}`);
    if (this.#isShutDown) parts.push("shutdown");
    return `<Broadcast ${parts.join(" ")}>`;
  }

  #open(): Feed<T> {
    if (this.#isShutDown) {
      throw new QueueShutDown(
        "Cannot subscribe to the broadcast as it is shut down",
      );
    }
    const feed = new Feed<T>("subscription", this.#maxSize, {
      hasRoom: () => this.#hasRoom(feed),
      closed: (_, wasFull) => {
        if (wasFull) this.#hasRoom(feed);
        this.#feeds.delete(feed);
      },
    });
    this.#feeds.add(feed);
    return feed;
  }

  #hasRoom(feed: Feed<T>): void {
    if (this.#slow !== "wait" || !this.#feeds.has(feed)) return;
    this.#full--;
    this.#wakePublisher();
  }

  #wakePublisher(): void {
    if (this.#full === 0) this.#publishers.first?.wake();
  }

  /** Delivers an item to all subscribers. With `slow: "wait"`, all have room. */
  #give(item: T): void {
    switch (this.#slow) {
      case "wait":
        for (const feed of this.#feeds) {
          feed.push(item);
          if (feed.isFull) this.#full++;
        }
        break;
      case "drop":
        for (const feed of this.#feeds) feed.pushNewest(item);
        break;
      case "fail":
        for (const feed of this.#feeds) {
          if (!feed.pushOrFail(item)) this.#feeds.delete(feed);
        }
    }
  }

  /** A `publish()` that waits for room. */
  static readonly #publication: PrimitiveBehavior<
    void,
    { broadcast: Broadcast<unknown>; item: unknown }
  > = {
    name: "Broadcast.publish()",
    poll({ broadcast, item }, publication) {
      if (broadcast.#isShutDown) return withError(cannotPublish());
      if (broadcast.#full > 0) return null;
      publication.leaveQueue();
      broadcast.#give(item);
      broadcast.#wakePublisher();
      return DONE;
    },
    onCancelled: (_, publication) => publication.leaveQueue(),
    handBack({ broadcast }, publication) {
      publication.leaveQueue();
      broadcast.#wakePublisher();
    },
  };
}

const DONE = withResult(undefined);

function cannotPublish(): QueueShutDown {
  return new QueueShutDown(
    "Cannot publish the item as the broadcast is shut down",
  );
}
