// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { Event, type Guard, Lock, Semaphore } from "../../sync/mod.ts";
import { PriorityQueue, Queue } from "../../queues/mod.ts";
import { after, putting, select, type Selectable } from "../../tasks/mod.ts";
import { live, plain, programs, type World } from "./program.ts";
import { property } from "./property.ts";

/** The sources of a task. */
const SOURCES = [
  "get 0",
  "get 1",
  "put 0",
  "put 1",
  "lock",
  "semaphore",
  "event",
  "late",
] as const;

type SourceName = (typeof SOURCES)[number];

type Action =
  | { do: "select"; sources: SourceName[] }
  | { do: "put" | "get" | "putNowait" | "getNowait"; queue: 0 | 1 }
  | { do: "lock" }
  | { do: "semaphore" }
  | { do: "release"; guard: number }
  | { do: "set" }
  | { do: "clear" };

const queue = fc.constantFrom(0 as const, 1 as const);
const actions: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("select" as const),
      sources: fc.shuffledSubarray([...SOURCES], {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("put", "put", "get", "putNowait", "getNowait"),
      queue,
    }),
  },
  { weight: 1, arbitrary: plain("lock") },
  { weight: 1, arbitrary: plain("semaphore") },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("release" as const),
      guard: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: plain("set") },
  { weight: 1, arbitrary: plain("clear") },
);

property(
  "select() takes exactly one thing and loses none, under random cancellation",
  4_000,
  fc.record({
    maxSizes: fc.tuple(fc.nat(2), fc.nat(2)),
    program: programs(actions),
  }),
  ({ maxSizes, program }) => live(program, () => new SelectWorld(maxSizes)),
);

const PERMITS = 2;

class SelectWorld implements World<Action> {
  readonly #queues: readonly [Queue<number>, Queue<number>];
  /** The expected items of the queues, oldest first. Items are made in increasing order. */
  readonly #items: [number[], number[]] = [[], []];
  #made = 0;
  readonly #lock = new Lock();
  readonly #semaphore = new Semaphore(PERMITS);
  readonly #event = new Event();
  /** The guards that are held, with the names of what they are of. */
  readonly #held: { of: "lock" | "semaphore"; guard: Guard }[] = [];
  /** The sources of each task that waits. */
  readonly #waiting = new Set<readonly SourceName[]>();

  constructor(maxSizes: [number, number]) {
    // The second queue calls user code when it takes an item.
    this.#queues = [
      new Queue(maxSizes[0]),
      new PriorityQueue(maxSizes[1], { compare: (a, b) => a - b }),
    ];
  }

  async perform(action: Action): Promise<void> {
    switch (action.do) {
      case "select":
        await this.#select(action.sources);
        break;
      case "put":
        await this.#await([`put ${action.queue}`], () => {
          const item = this.#made++;
          return this.#queues[action.queue].put(item).then(() =>
            this.#items[action.queue].push(item)
          );
        });
        break;
      case "get":
        await this.#await([`get ${action.queue}`], () => {
          return this.#queues[action.queue].get().then((item) =>
            this.#got(action.queue, item)
          );
        });
        break;
      case "putNowait":
        this.#putNowait(action.queue);
        break;
      case "getNowait":
        this.#getNowait(action.queue);
        break;
      case "lock":
      case "semaphore": {
        const primitive = action.do === "lock" ? this.#lock : this.#semaphore;
        const guard = await this.#await([action.do], () => primitive.acquire());
        this.#acquired(action.do, guard);
        break;
      }
      case "release":
        this.#held.splice(action.guard, 1)[0]?.guard.release();
        break;
      case "set":
        this.#event.set();
        break;
      case "clear":
        this.#event.clear();
    }
    this.#assertConserved();
  }

  async #await<T>(
    sources: readonly SourceName[],
    wait: () => PromiseLike<T>,
  ): Promise<T> {
    this.#waiting.add(sources);
    try {
      return await wait();
    } finally {
      this.#waiting.delete(sources);
    }
  }

  async #select(names: readonly SourceName[]): Promise<void> {
    const item = this.#made++;
    const sources = Object.fromEntries(
      names.map((name) => [name, this.#source(name, item)]),
    );
    const ready = names.find((name) => this.#isReady(name));
    const choice = select(sources);
    const isImmediate = choice.done();
    const { key, value } = await this.#await(
      [...names],
      () => choice,
    ) as { key: SourceName; value: unknown };
    assert(names.includes(key));
    if (isImmediate && ready !== undefined) {
      const places = [names.indexOf(key), names.indexOf(ready)];
      assert(places[0]! <= places[1]!, `${key} was not the first`);
    }
    this.#took(key, value, item);
  }

  #source(name: SourceName, item: number): Selectable {
    switch (name) {
      case "get 0":
        return this.#queues[0];
      case "get 1":
        return this.#queues[1];
      case "put 0":
        return putting(this.#queues[0], item);
      case "put 1":
        return putting(this.#queues[1], item);
      case "lock":
        return this.#lock;
      case "semaphore":
        return this.#semaphore;
      case "event":
        return this.#event;
      case "late":
        return after(2);
    }
  }

  /** Whether something can be taken, whatever else waits for it. */
  #isReady(name: SourceName): boolean {
    switch (name) {
      case "get 0":
        return this.#items[0].length > 0;
      case "get 1":
        return this.#items[1].length > 0;
      case "put 0":
        return !this.#isFull(0);
      case "put 1":
        return !this.#isFull(1);
      case "event":
        return this.#event.isSet();
      default:
        return false;
    }
  }

  #took(key: SourceName, value: unknown, item: number): void {
    switch (key) {
      case "get 0":
        return this.#got(0, value as number);
      case "get 1":
        return this.#got(1, value as number);
      case "put 0":
        return void this.#items[0].push(item);
      case "put 1":
        return void this.#items[1].push(item);
      case "lock":
      case "semaphore":
        return this.#acquired(key, value as Guard);
      default:
        assertEquals(value, key === "event" ? true : undefined);
    }
  }

  #isFull(queue: 0 | 1): boolean {
    const { maxSize } = this.#queues[queue];
    return maxSize > 0 && this.#items[queue].length >= maxSize;
  }

  #got(queue: 0 | 1, item: number): void {
    const items = this.#items[queue];
    const place = queue === 0 ? 0 : items.indexOf(Math.min(...items));
    assertEquals(item, items.splice(place, 1)[0]);
  }

  #putNowait(queue: 0 | 1): void {
    if (this.#isFull(queue)) return;
    const item = this.#made++;
    this.#queues[queue].putNowait(item);
    this.#items[queue].push(item);
  }

  #getNowait(queue: 0 | 1): void {
    if (this.#items[queue].length === 0) return;
    this.#got(queue, this.#queues[queue].getNowait());
  }

  #acquired(of: "lock" | "semaphore", guard: Guard): void {
    assert(this.#isFree(of), `One ${of} too many`);
    this.#held.push({ of, guard });
  }

  #isFree(of: "lock" | "semaphore"): boolean {
    const held = this.#held.filter((each) => each.of === of).length;
    return held < (of === "lock" ? 1 : PERMITS);
  }

  #assertConserved(): void {
    for (const each of [0, 1] as const) {
      assertEquals(this.#queues[each].qsize(), this.#items[each].length);
    }
  }

  assertAtRest(): void {
    this.#assertConserved();
    const awaited = new Set([...this.#waiting].flat());
    for (const name of awaited) {
      assert(!this.#isReady(name), `Waits to ${name}, which is ready`);
    }
    for (const name of ["lock", "semaphore"] as const) {
      const isFree = this.#isFree(name);
      assert(!isFree || !awaited.has(name), `Waits for a free ${name}`);
      if (isFree) {
        const primitive = name === "lock" ? this.#lock : this.#semaphore;
        assert(!primitive.locked(), `The ${name} is lost`);
      }
    }
  }

  help(): void {
    this.#held.pop()?.guard.release();
    for (const each of [0, 1] as const) {
      const isAwaited = [...this.#waiting].flat().includes(`get ${each}`);
      if (isAwaited) this.#putNowait(each);
      else this.#getNowait(each);
    }
    this.#event.set();
  }

  assertAtEnd(): void {
    for (const { guard } of this.#held.splice(0)) guard.release();
    this.assertAtRest();
    assertEquals(String(this.#lock), "<Lock [unlocked]>");
    assertEquals(
      String(this.#semaphore),
      `<Semaphore [unlocked, value:${PERMITS}]>`,
    );
    assert(String(this.#event).endsWith("set]>"));
    for (const each of this.#queues) {
      assert(!/getters|putters/.test(String(each)), "Somebody is left in line");
    }
  }
}
