// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import {
  LifoQueue,
  PriorityQueue,
  Queue,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
} from "../../queues/mod.ts";
import { live, plain, programs, Requests, type World } from "./program.ts";
import { property } from "./property.ts";

type Action =
  | { do: "put"; urgency: number }
  | { do: "putNowait"; urgency: number }
  | { do: "get" }
  | { do: "getNowait" }
  | { do: "next" }
  | { do: "taskDone" }
  | { do: "join" }
  | { do: "shutdown"; immediate: boolean };

interface Item {
  /** Which one it is. */
  readonly number: number;
  readonly urgency: number;
}

const urgency = fc.nat(2);
const working: fc.MaybeWeightedArbitrary<Action>[] = [
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("put" as const), urgency }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("putNowait" as const), urgency }),
  },
  { weight: 5, arbitrary: plain("get") },
  { weight: 1, arbitrary: plain("getNowait") },
  { weight: 2, arbitrary: plain("next") },
  { weight: 3, arbitrary: plain("taskDone") },
  { weight: 1, arbitrary: plain("join") },
];
const shutting: fc.Arbitrary<Action> = fc.record({
  do: fc.constant("shutdown" as const),
  immediate: fc.boolean(),
});

/** How a queue chooses what comes out: the place of the item among those that are in, the oldest first. */
const KINDS: Record<
  string,
  {
    make: (maxSize: number) => Queue<Item>;
    next: (items: readonly Item[]) => number;
  }
> = {
  Queue: { make: (maxSize) => new Queue(maxSize), next: () => 0 },
  LifoQueue: {
    make: (maxSize) => new LifoQueue(maxSize),
    next: (items) => items.length - 1,
  },
  PriorityQueue: {
    make: (maxSize) =>
      new PriorityQueue(maxSize, { compare: (a, b) => a.urgency - b.urgency }),
    next: (items) => {
      const least = Math.min(...items.map(({ urgency }) => urgency));
      return items.findIndex(({ urgency }) => urgency === least);
    },
  },
};

for (const [name, { make, next }] of Object.entries(KINDS)) {
  const maxSize = fc.constantFrom(0, 1, 1, 2);
  property(
    `${name} returns each item once, in order, and strands no waiter, under random cancellation`,
    1_500,
    fc.record({ maxSize, program: programs(fc.oneof(...working)) }),
    ({ maxSize, program }) =>
      live(program, () => new QueueWorld(make(maxSize), next)),
  );
  property(
    `${name}.shutdown() loses no item and strands no waiter, under random cancellation`,
    1_500,
    fc.record({
      maxSize,
      program: programs(
        fc.oneof(...working, { weight: 1, arbitrary: shutting }),
      ),
    }),
    ({ maxSize, program }) =>
      live(program, () => new QueueWorld(make(maxSize), next)),
  );
}

class QueueWorld implements World<Action> {
  readonly #queue: Queue<Item>;
  readonly #next: (items: readonly Item[]) => number;
  readonly #iterator: AsyncIterator<Item, undefined>;
  /** The expected items of the queue, the oldest first. */
  #items: Item[] = [];
  #made = 0;
  #unfinished = 0;
  /** How often there was no work left. */
  #timesFinished = 0;
  #isShutDown = false;
  #getting = 0;
  #putting = 0;
  readonly #joining = new Requests();

  constructor(queue: Queue<Item>, next: (items: readonly Item[]) => number) {
    this.#queue = queue;
    this.#next = next;
    this.#iterator = queue[Symbol.asyncIterator]();
  }

  get #isFull(): boolean {
    const { maxSize } = this.#queue;
    return maxSize > 0 && this.#items.length >= maxSize;
  }

  async perform(action: Action): Promise<void> {
    await this.#do(action);
    assertEquals(this.#queue.qsize(), this.#items.length);
    assertEquals(this.#queue.full(), this.#isFull);
    assertEquals(this.#queue.empty(), this.#items.length === 0);
  }

  #do(action: Action): Promise<void> | void {
    switch (action.do) {
      case "put":
        return this.#put(action.urgency);
      case "putNowait":
        return this.#putNowait(action.urgency);
      case "get":
        return this.#get();
      case "getNowait":
        return this.#getNowait();
      case "next":
        return this.#iterate();
      case "taskDone":
        return this.#finishOne();
      case "join":
        return this.#join();
      case "shutdown":
        return this.#shutDown(action.immediate);
    }
  }

  async #put(urgency: number): Promise<void> {
    const item = { number: this.#made++, urgency };
    this.#putting++;
    try {
      await this.#queue.put(item);
      this.#accepted(item);
    } catch (error) {
      this.#assertShutDown(error);
    } finally {
      this.#putting--;
    }
  }

  #putNowait(urgency: number): void {
    const item = { number: this.#made++, urgency };
    if (this.#isShutDown) {
      assertThrows(() => this.#queue.putNowait(item), QueueShutDown);
    } else if (this.#isFull) {
      assertThrows(() => this.#queue.putNowait(item), QueueFull);
    } else {
      this.#queue.putNowait(item);
      this.#accepted(item);
    }
  }

  #accepted(item: Item): void {
    assert(!this.#isShutDown, "Taken in although it is shut down");
    assert(!this.#isFull, "Taken in although there is no room");
    this.#items.push(item);
    this.#unfinished++;
  }

  async #get(): Promise<void> {
    this.#getting++;
    try {
      this.#got(await this.#queue.get());
    } catch (error) {
      this.#assertShutDown(error);
      assertEquals(this.#items.length, 0);
    } finally {
      this.#getting--;
    }
  }

  async #iterate(): Promise<void> {
    this.#getting++;
    try {
      const { done, value } = await this.#iterator.next();
      if (!done) this.#got(value);
      else assert(this.#isShutDown && this.#items.length === 0);
    } finally {
      this.#getting--;
    }
  }

  #getNowait(): void {
    if (this.#items.length > 0) {
      this.#got(this.#queue.getNowait());
    } else {
      assertThrows(
        () => this.#queue.getNowait(),
        this.#isShutDown ? QueueShutDown : QueueEmpty,
      );
    }
  }

  #got(item: Item): void {
    const [expected] = this.#items.splice(this.#next(this.#items), 1);
    assertEquals(item, expected);
  }

  #assertShutDown(error: unknown): void {
    if (!(error instanceof QueueShutDown)) throw error;
    assert(this.#isShutDown, "It is not shut down");
  }

  #finishOne(): void {
    if (this.#unfinished === 0) {
      assertThrows(() => this.#queue.taskDone(), RangeError);
    } else {
      this.#finish(1);
      this.#queue.taskDone();
    }
  }

  #finish(count: number): void {
    if (this.#unfinished === 0) return;
    this.#unfinished = Math.max(0, this.#unfinished - count);
    if (this.#unfinished === 0) this.#timesFinished++;
  }

  async #join(): Promise<void> {
    const join = this.#queue.join();
    if (this.#unfinished === 0) {
      await join;
    } else {
      const since = this.#timesFinished;
      await this.#joining.grant(join);
      assert(this.#timesFinished > since, "Joined before the work was done");
    }
  }

  #shutDown(immediate: boolean): void {
    this.#isShutDown = true;
    this.#queue.shutdown(immediate);
    if (!immediate) return;
    this.#finish(this.#items.length);
    this.#items = [];
  }

  assertAtRest(): void {
    const isEmpty = this.#items.length === 0;
    assert(isEmpty || this.#getting === 0, "Waits for an item that is there");
    assert(this.#isFull || this.#putting === 0, "Waits for room that is there");
    assert(
      this.#unfinished > 0 || this.#joining.waiting === 0,
      "Waits for work that is done",
    );
    if (this.#isShutDown) assertEquals(this.#getting + this.#putting, 0);
  }

  help(): void {
    if (this.#getting > 0) this.#putNowait(0);
    else if (this.#putting > 0) this.#getNowait();
    else this.#finishOne();
  }

  assertAtEnd(): void {
    while (this.#items.length > 0) this.#getNowait();
    while (this.#unfinished > 0) this.#finishOne();
    assertEquals(
      String(this.#queue).replace(/^<\w+ maxSize=\d+/, ""),
      this.#isShutDown ? " size=0 shutdown>" : " size=0>",
    );
  }
}
