// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Future,
  homeOf,
  withError,
  withResult,
} from "../loop/core/future.ts";
import { inspectAsText } from "../loop/core/inspection.ts";
import {
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  type Source,
  source,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { QueueShutDown } from "./errors.ts";
import { Feed, type Subscription, subscriptionTo } from "./_feed.ts";

/**
 * A value that tasks can watch: a configuration, a state, a progress. Watchers get the newest value; what they are too
 * slow for is skipped.
 *
 * A watched value can be created outside a loop, and is bound to the loop of the first wait. `using` shuts it down at
 * the end of the block.
 *
 * @typeParam T The type of the value.
 *
 * @example Usage
 * ```ts
 * import { createTask, run, sleep, Watched } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const state = new Watched("starting");
 *   const seen: string[] = [];
 *   const watcher = createTask(async () => {
 *     for await (const each of state) seen.push(each);
 *   });
 *   await sleep(0);
 *   state.set("ready");
 *   await sleep(0);
 *   state.set("busy");
 *   state.set("done");
 *   state.shutdown();
 *   await watcher;
 *   assertEquals(seen, ["starting", "ready", "done"]);
 * });
 * ```
 *
 * @category Queues
 */
export class Watched<T = unknown>
  implements AsyncIterable<T, undefined>, Disposable {
  #value: T;
  /** The number of calls of `set()`. */
  #version = 0;
  #isShutDown = false;
  /** The feeds of the subscriptions; each has at most the newest value. */
  readonly #feeds = new Set<Feed<T>>();
  readonly #waiting = new WaitQueue();
  readonly #loop = new LoopBound("watched value");

  static {
    inspectAsText(this);
  }

  /**
   * Constructs a new instance.
   *
   * @param value The first value.
   */
  constructor(value: T) {
    this.#value = value;
  }

  /** The newest value. */
  get value(): T {
    return this.#value;
  }

  /**
   * Sets the value. Watchers get it even if it equals the last one.
   *
   * @param value The new value.
   * @throws {QueueShutDown} If the watched value is shut down.
   */
  set(value: T): void {
    if (this.#isShutDown) {
      throw new QueueShutDown("Cannot set the value as it is shut down");
    }
    this.#value = value;
    this.#version++;
    for (const feed of this.#feeds) feed.pushNewest(value);
    this.#waiting.wakeAll();
  }

  /**
   * Waits for the next {@linkcode Watched.set}. In a loop, values that are set between two calls are missed; iterate,
   * or use {@linkcode Watched.watch}.
   *
   * Cancel safe: nothing is lost.
   *
   * @returns A future of the newest value.
   * @throws {QueueShutDown} If the watched value is shut down, also while waiting.
   * @throws {RuntimeError} If the watched value is bound to another loop.
   */
  changed(): Future<T> {
    const wait: Wait = { watched: this, since: this.#version };
    const change = new PrimitiveFuture<T, Wait>(
      currentScheduler(),
      Watched.#change as PrimitiveBehavior<T, Wait>,
      wait,
    );
    change.tryNow();
    return change;
  }

  /**
   * Watches the value: gives the value now, then the newest after each {@linkcode Watched.set}. The subscription
   * remembers what it has given, so it misses no change between two calls of `get()`; its `dropped` is the number of
   * values that were replaced before they were read.
   *
   * @returns The subscription; close it when it is no longer read.
   *
   * @example Usage
   * ```ts
   * import { Watched } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const level = new Watched(1);
   * using levels = level.watch();
   * assertEquals(await levels.get(), 1);
   * level.set(2);
   * level.set(3);
   * assertEquals(await levels.get(), 3);
   * ```
   */
  watch(): Subscription<T> {
    return subscriptionTo(this.#open());
  }

  /**
   * Shuts the watched value down: the value is not set any more. Watchers get the newest value if they have not had
   * it; then `changed()` and `get()` throw a `QueueShutDown`, and iterations end. The value can still be read.
   */
  shutdown(): void {
    this.#isShutDown = true;
    for (const feed of this.#feeds) feed.shutDown();
    this.#feeds.clear();
    this.#waiting.wakeAll();
  }

  /** Shuts the watched value down, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.shutdown();
  }

  /**
   * Iterates over the values: the value now, then the newest after each {@linkcode Watched.set}, until the watched
   * value is shut down. Leaving the loop, or cancelling the task that awaits its next value, ends the iteration.
   *
   * @returns An iterator.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return this.watch()[Symbol.asyncIterator]();
  }

  /** @ignore */
  [source](): Source<T> {
    const subject: Wait = { watched: this, since: this.#version };
    return { behavior: Watched.#change, subject };
  }

  /**
   * Returns a description for logs and error messages: `<Watched watchers=2>`.
   *
   * @returns The description.
   */
  toString(): string {
    const watchers = this.#feeds.size + this.#waiting.size;
    return `<Watched watchers=${watchers}${
      this.#isShutDown ? " shutdown" : ""
    }>`;
  }

  #open(): Feed<T> {
    const feed = new Feed<T>("subscription", 1, {
      closed: () => this.#feeds.delete(feed),
    });
    feed.push(this.#value);
    if (this.#isShutDown) feed.shutDown();
    else this.#feeds.add(feed);
    return feed;
  }

  static readonly #change: PrimitiveBehavior<unknown, Wait> = {
    name: "Watched.changed()",
    selectInstead: "the watched value itself",
    poll({ watched, since }, change) {
      if (watched.#version > since) return withResult(watched.#value);
      if (watched.#isShutDown) return withError(noChange());
      const misuse = watched.#loop.bind(homeOf(change));
      if (misuse !== null) return withError(misuse);
      change.joinQueue(watched.#waiting);
      return null;
    },
    onCancelled: (_, change) => change.leaveQueue(),
    handBack() {},
  };
}

/** A `changed()`: waits for a version after `since`. */
interface Wait {
  readonly watched: Watched<unknown>;
  readonly since: number;
}

function noChange(): QueueShutDown {
  return new QueueShutDown(
    "Cannot wait for a change of the value as it is shut down",
  );
}
