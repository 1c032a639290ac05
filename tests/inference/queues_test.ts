// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The inferred types of the broadcasts, iterators, locks and of `select()`. */

import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { EventEmitter } from "node:events";
import {
  after,
  Broadcast,
  createTask,
  Event,
  events,
  type Future,
  type Guard,
  KeyedLock,
  LifoQueue,
  Lock,
  merge,
  once,
  PriorityQueue,
  putting,
  Queue,
  RateLimiter,
  ReadWriteLock,
  run,
  select,
  type Selectable,
  Semaphore,
  type Subscription,
  Watched,
} from "../../mod.ts";

/** Infers types without running what they are the types of. */
function inferred<T>(_: () => T): T {
  return undefined as T;
}

Deno.test("select() narrows the value by the key", () =>
  run(async () => {
    const queue = new Queue<string>();
    queue.putNowait("a");
    const won = await select({ job: queue, stop: new Event() });
    assertType<IsExact<typeof won.key, "job" | "stop">>(true);
    assertType<IsExact<typeof won.value, string | true>>(true);
    switch (won.key) {
      case "job":
        assertType<IsExact<typeof won.value, string>>(true);
        break;
      case "stop":
        assertType<IsExact<typeof won.value, true>>(true);
    }
    // @ts-expect-error -- There is no such key.
    assertEquals(won.key === "other", false);
  }));

Deno.test("select() infers the value of each kind of source", () => {
  const won = inferred(() =>
    select({
      queue: new Queue<number>(),
      urgent: new PriorityQueue<[number, string]>(),
      stack: new LifoQueue<Date>(),
      news: new Broadcast<URL>().subscribe(),
      level: new Watched(1).watch(),
      config: new Watched({ debug: true }),
      lock: new Lock(),
      permit: new Semaphore(),
      event: new Event(),
      task: createTask(async () => [await 1]),
      put: putting(new Queue<number>(), 1),
      late: after(1),
    })
  );
  type Won = Awaited<typeof won>;
  type Values = { [W in Won as W["key"]]: W["value"] };
  assertType<
    IsExact<Values, {
      queue: number;
      urgent: [number, string];
      stack: Date;
      news: URL;
      level: number;
      config: { debug: boolean };
      lock: Guard;
      permit: Guard;
      event: true;
      task: number[];
      put: void;
      late: void;
    }>
  >(true);
});

Deno.test("select() takes sources whose kind is not known", () => {
  const won = inferred(() =>
    select({} as Record<string, Selectable<number> | Queue<string>>)
  );
  type Won = Awaited<typeof won>;
  assertType<IsExact<Won["key"], string>>(true);
  assertType<IsExact<Won["value"], number | string>>(true);
});

Deno.test("select() and putting() refuse other types", () => {
  inferred(() => {
    // @ts-expect-error -- A number is not a source.
    select({ job: 1 });
    // @ts-expect-error -- A promise is not a source.
    select({ job: Promise.resolve(1) });
    // @ts-expect-error -- The queue does not take text.
    putting(new Queue<number>(), "text");
    return 1;
  });
});

Deno.test("Broadcast and Watched infer the types of subscriptions", () => {
  const broadcast = new Broadcast<string>();
  assertType<
    IsExact<ReturnType<typeof broadcast.subscribe>, Subscription<string>>
  >(true);
  const watched = new Watched({ level: 1 });
  assertType<IsExact<typeof watched, Watched<{ level: number }>>>(true);
  const subscription = watched.watch();
  const next = inferred(() => subscription.get());
  assertType<IsExact<typeof next, Future<{ level: number }>>>(true);
  const change = inferred(() => watched.changed());
  assertType<IsExact<typeof change, Future<{ level: number }>>>(true);
});

Deno.test("Locks and limits give guards", () => {
  const locks = new KeyedLock<string>();
  const guards = inferred(() => [
    locks.acquire("key"),
    new RateLimiter(1).acquire(),
    new ReadWriteLock().read(),
    new ReadWriteLock().write(),
  ]);
  assertType<IsExact<typeof guards, Future<Guard>[]>>(true);
  // @ts-expect-error -- The keys are text.
  inferred(() => locks.acquire(1));
});

Deno.test("events() and once() give what they are told", () => {
  const target = new EventTarget();
  const ticks = inferred(() => events<CustomEvent<number>>(target, "tick"));
  type Tick = typeof ticks extends AsyncIterable<infer T> ? T : never;
  assertType<IsExact<Tick, CustomEvent<number>>>(true);
  const line = inferred(() => once<string>(new EventEmitter(), "line"));
  assertType<IsExact<typeof line, Future<string>>>(true);
  const event = inferred(() => once(target, "tick"));
  assertType<IsExact<typeof event, Future<unknown>>>(true);
});

Deno.test("merge() gives the union of the types of its sources", () => {
  const merged = inferred(() =>
    merge(
      new Queue<number>(),
      new Watched(new Date()),
      new ReadableStream<string>(),
      (async function* () {
        yield await Promise.resolve(1n);
      })(),
    )
  );
  type Item = typeof merged extends AsyncIterable<infer T> ? T : never;
  assertType<IsExact<Item, number | Date | string | bigint>>(true);
});
