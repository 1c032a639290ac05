// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { CancelledError } from "../../loop/mod.ts";
import {
  Broadcast,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  type Subscription,
} from "../../queues/mod.ts";
import { live, plain, programs, Requests, type World } from "./program.ts";
import { property } from "./property.ts";

type Action =
  | { do: "publish" }
  | { do: "publishNowait" }
  | { do: "subscribe" }
  | { do: "get" | "next" | "getNowait" | "close"; subscriber: number }
  | { do: "shutdown" };

const working: fc.MaybeWeightedArbitrary<Action>[] = [
  { weight: 4, arbitrary: plain("publish") },
  { weight: 1, arbitrary: plain("publishNowait") },
  { weight: 2, arbitrary: plain("subscribe") },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("get", "get", "next", "getNowait", "close"),
      subscriber: fc.nat(2),
    }),
  },
];

for (const slow of ["wait", "drop", "fail"] as const) {
  property(
    `Broadcast with slow: ${slow} gives items to all or to none, in order, under random cancellation`,
    1_500,
    fc.record({
      maxSize: fc.nat(2),
      program: programs(
        fc.oneof(...working, { weight: 1, arbitrary: plain("shutdown") }),
      ),
    }),
    ({ maxSize, program }) =>
      live(program, () => new BroadcastWorld(maxSize, slow)),
  );
}

/** The expected state of a subscription. */
interface Subscriber {
  readonly subscription: Subscription<number>;
  readonly iterator: AsyncIterator<number, undefined>;
  items: number[];
  dropped: number;
  getting: number;
  /** Whether nothing more comes, and how it ends. */
  end: typeof QueueFull | typeof QueueShutDown | null;
}

class BroadcastWorld implements World<Action> {
  readonly #maxSize: number;
  readonly #slow: "wait" | "drop" | "fail";
  readonly #broadcast: Broadcast<number>;
  readonly #subscribers: Subscriber[] = [];
  readonly #publishing = new Requests();
  #made = 0;
  #isShutDown = false;

  constructor(maxSize: number, slow: "wait" | "drop" | "fail") {
    this.#maxSize = maxSize;
    this.#slow = slow;
    this.#broadcast = new Broadcast({ maxSize, slow });
    this.#subscribe();
  }

  get #open(): Subscriber[] {
    return this.#subscribers.filter((each) => each.end === null);
  }

  #isFull({ items }: Subscriber): boolean {
    return this.#maxSize > 0 && items.length >= this.#maxSize;
  }

  async perform(action: Action): Promise<void> {
    await this.#do(action);
    this.#assertEqual();
  }

  #assertEqual(): void {
    assertEquals(this.#broadcast.subscribers, this.#open.length);
    for (const { subscription, items, dropped } of this.#subscribers) {
      assertEquals(subscription.qsize(), items.length);
      assertEquals(subscription.dropped, dropped);
    }
  }

  #do(action: Action): Promise<void> | void {
    switch (action.do) {
      case "publish":
        return this.#publish();
      case "publishNowait":
        return this.#publishNowait();
      case "subscribe":
        return this.#subscribe();
      case "shutdown":
        return this.#shutDown();
    }
    const subscriber = this.#subscribers[action.subscriber];
    if (subscriber === undefined) return;
    switch (action.do) {
      case "get":
        return this.#get(subscriber);
      case "next":
        return this.#next(subscriber);
      case "getNowait":
        return this.#getNowait(subscriber);
      case "close":
        return this.#close(subscriber);
    }
  }

  #subscribe(): void {
    if (this.#isShutDown) {
      assertThrows(() => this.#broadcast.subscribe(), QueueShutDown);
    } else {
      const subscription = this.#broadcast.subscribe();
      const iterator = subscription[Symbol.asyncIterator]();
      this.#subscribers.push({
        subscription,
        iterator,
        items: [],
        dropped: 0,
        getting: 0,
        end: null,
      });
    }
  }

  async #publish(): Promise<void> {
    const item = this.#made++;
    const publication = this.#broadcast.publish(item);
    try {
      if (this.#slow === "wait") await this.#publishing.grant(publication);
      else await publication;
    } catch (error) {
      if (!(error instanceof QueueShutDown)) throw error;
      assert(this.#isShutDown, "It is not shut down");
      return;
    }
    this.#published(item);
  }

  #publishNowait(): void {
    const item = this.#made++;
    const publish = () => this.#broadcast.publishNowait(item);
    if (this.#isShutDown) {
      assertThrows(publish, QueueShutDown);
    } else if (
      this.#slow === "wait" && this.#open.some((each) => this.#isFull(each))
    ) {
      assertThrows(publish, QueueFull);
    } else {
      publish();
      this.#published(item);
    }
  }

  #published(item: number): void {
    assert(!this.#isShutDown, "Published although it is shut down");
    for (const each of this.#open) {
      if (this.#isFull(each)) {
        assert(this.#slow !== "wait", "Published although one has no room");
        if (this.#slow === "fail") {
          each.end = QueueFull;
          continue;
        }
        each.items.shift();
        each.dropped++;
      }
      each.items.push(item);
    }
  }

  async #get(subscriber: Subscriber): Promise<void> {
    subscriber.getting++;
    try {
      this.#got(subscriber, await subscriber.subscription.get());
    } catch (error) {
      if (!(error instanceof QueueFull) && !(error instanceof QueueShutDown)) {
        throw error;
      }
      assertEquals(subscriber.items, []);
      assert(error instanceof subscriber.end!);
    } finally {
      subscriber.getting--;
    }
  }

  async #next(subscriber: Subscriber): Promise<void> {
    subscriber.getting++;
    try {
      const { done, value } = await subscriber.iterator.next();
      if (!done) this.#got(subscriber, value);
      else assert(subscriber.end !== null && subscriber.items.length === 0);
    } catch (error) {
      if (error instanceof CancelledError) this.#close(subscriber);
      if (!(error instanceof QueueFull)) throw error;
      assertEquals(subscriber.end, QueueFull);
    } finally {
      subscriber.getting--;
    }
  }

  #getNowait(subscriber: Subscriber): void {
    const get = () => subscriber.subscription.getNowait();
    if (subscriber.items.length > 0) this.#got(subscriber, get());
    else assertThrows(get, subscriber.end ?? QueueEmpty);
  }

  #got(subscriber: Subscriber, item: number): void {
    assertEquals(item, subscriber.items.shift());
  }

  #close(subscriber: Subscriber): void {
    subscriber.subscription.close();
    subscriber.items = [];
    subscriber.end = QueueShutDown;
  }

  #shutDown(): void {
    this.#broadcast.shutdown();
    this.#isShutDown = true;
    for (const each of this.#open) each.end = QueueShutDown;
  }

  assertAtRest(): void {
    this.#assertEqual();
    for (const each of this.#subscribers) {
      const isOver = each.items.length > 0 || each.end !== null;
      assert(!isOver || each.getting === 0, "Waits for an item that is there");
    }
    const hasRoom = this.#isShutDown ||
      this.#open.every((each) => !this.#isFull(each));
    assert(
      !hasRoom || this.#publishing.waiting === 0,
      "Waits for room that is there",
    );
  }

  help(): void {
    for (const each of this.#open) {
      if (each.getting > 0) this.#close(each);
      else if (each.items.length > 0) this.#getNowait(each);
    }
  }

  assertAtEnd(): void {
    for (const each of this.#subscribers) this.#close(each);
    this.#assertEqual();
    assertEquals(
      String(this.#broadcast),
      `<Broadcast subscribers=0${this.#isShutDown ? " shutdown" : ""}>`,
    );
  }
}
