// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import {
  CancelledError,
  ContextVar,
  getRunningLoop,
  KeyboardInterrupt,
} from "../loop/mod.ts";
import { Semaphore } from "../sync/semaphore.ts";
import { cancelEverywhere } from "../testing/cancel_everywhere.ts";
import { explore } from "../testing/explore.ts";
import { inVirtualTime } from "../testing/in_virtual_time.ts";
import { allTasks, createTask, currentTask } from "./create_task.ts";
import { gather } from "./gather.ts";
import {
  forEachConcurrent,
  type Limit,
  mapConcurrent,
} from "./map_concurrent.ts";
import { sleep } from "./sleep.ts";
import { timeout } from "./timeout.ts";

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of results) all.push(each);
  return all;
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Items that can be counted: how many were taken, and whether they were closed. */
class Items {
  taken = 0;
  closed = 0;

  constructor(readonly count = Infinity) {}

  *sync(): Generator<number> {
    try {
      while (this.taken < this.count) yield this.taken++;
    } finally {
      this.closed++;
    }
  }

  async *async(): AsyncGenerator<number> {
    try {
      while (this.taken < this.count) {
        await sleep(0);
        yield this.taken++;
      }
    } finally {
      try {
        await sleep(0);
      } finally {
        this.closed++;
      }
    }
  }
}

/** A function whose calls are counted. */
class Calls {
  running = 0;
  most = 0;
  begun: number[] = [];
  ended = 0;

  readonly fn = async (n: number): Promise<number> => {
    this.begun.push(n);
    this.most = Math.max(this.most, ++this.running);
    try {
      await sleep(1);
      return n * n;
    } finally {
      this.running--;
      this.ended++;
    }
  };
}

/** Lets everything that is ready run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await sleep(0);
}

Deno.test(
  "mapConcurrent() yields results as they are ready",
  inVirtualTime(async () => {
    const results = await collect(
      mapConcurrent([3, 1, 2], (n) => sleep(n, n), { limit: 3 }),
    );
    assertEquals(results, [1, 2, 3]);
  }),
);

Deno.test(
  "mapConcurrent() yields results in the order of the items where asked to",
  inVirtualTime(async () => {
    const results = await collect(
      mapConcurrent([3, 1, 2], (n, i) => sleep(n, [n, i]), {
        limit: 2,
        ordered: true,
      }),
    );
    assertEquals(results, [[3, 0], [1, 1], [2, 2]]);
  }),
);

Deno.test(
  "mapConcurrent() takes every kind of source and function",
  inVirtualTime(async () => {
    const fns: ((n: number) => number | PromiseLike<number>)[] = [
      (n) => n,
      (n) => Promise.resolve(n),
      async (n) => await n,
      (n) => sleep(0, n),
      (n) => ({ then: (resolve) => resolve!(n) as never }),
    ];
    for (const fn of fns) {
      for (const limit of [1, 2, 7, 100, Infinity]) {
        for (const ordered of [true, false]) {
          const items = new Items(10);
          const more = new Items(10);
          const sources = [
            numbers(10),
            new Set(numbers(10)),
            items.sync(),
            more.async(),
          ];
          for (const source of sources) {
            const results = mapConcurrent(source, fn, { limit, ordered });
            const all = await collect(results);
            if (!ordered) all.sort((a, b) => a - b);
            assertEquals(all, numbers(10));
          }
          assertEquals([items.closed, more.closed], [1, 1]);
        }
      }
    }
    assertEquals(await collect(mapConcurrent([], (n) => n, { limit: 1 })), []);
    const letters = mapConcurrent("abc", (c) => c, { limit: 1 });
    assertEquals(await collect(letters), ["a", "b", "c"]);
  }),
);

Deno.test(
  "mapConcurrent() runs as many calls as the limit says",
  inVirtualTime(async () => {
    for (const limit of [1, 3, 10]) {
      const calls = new Calls();
      const begin = getRunningLoop().time();
      await collect(mapConcurrent(numbers(30), calls.fn, { limit }));
      assertEquals(calls.most, limit);
      assertEquals(getRunningLoop().time() - begin, 30 / limit);
      assertEquals(calls.begun, numbers(30));
    }
  }),
);

Deno.test(
  "mapConcurrent() begins with the first next()",
  inVirtualTime(async () => {
    const items = new Items();
    const results = mapConcurrent(items.sync(), (n) => n, { limit: 2 });
    await settle();
    assertEquals(items.taken, 0);
    await results.next();
    assert(items.taken > 0);
    await results.return!();
  }),
);

Deno.test("mapConcurrent() checks its arguments at the call", () => {
  const make = (options: unknown) =>
    mapConcurrent([1], (n) => n, options as { limit: number });
  for (
    const options of [{ limit: 0 }, { limit: [] }, { limit: 1, buffer: 0 }]
  ) {
    assertThrows(() => make(options), RangeError);
  }
  for (
    const options of [undefined, {}, { limit: "2" }, { limit: [[1]] }, {
      limit: {},
    }]
  ) {
    assertThrows(() => make(options), TypeError, "received");
  }
  assertThrows(
    () => make(undefined),
    TypeError,
    "The limit option of mapConcurrent() must be",
  );
  assertThrows(
    () => mapConcurrent(5 as never, (n) => n, { limit: 1 }),
    TypeError,
    "an iterable or an async iterable: received 5",
  );
});

Deno.test(
  "mapConcurrent() takes an item only with its permit in hand",
  inVirtualTime(async () => {
    for (const kind of ["sync", "async"] as const) {
      const items = new Items(4);
      const semaphore = new Semaphore(0);
      const began: number[] = [];
      const running = createTask(() =>
        collect(
          mapConcurrent(items[kind](), async (n) => {
            began.push(n);
            await sleep(1);
          }, { limit: semaphore }),
        )
      );
      for (let permits = 0; permits < 4; permits++) {
        await settle();
        assertEquals(items.taken, permits);
        semaphore.release();
        await settle();
        assertEquals(items.taken, permits + 1);
        assertEquals(began, numbers(permits + 1));
      }
      await running;
      assertEquals(semaphore.locked(), false);
    }
  }),
);

Deno.test(
  "mapConcurrent() obeys several limits, and gives every permit back",
  inVirtualTime(async () => {
    const [two, five] = [new Semaphore(2), new Semaphore(5)];
    for (const limit of [[5, two], [two, five], [two, 4, five]]) {
      const calls = new Calls();
      await collect(mapConcurrent(numbers(20), calls.fn, { limit }));
      assertEquals(calls.most, 2);
      assertEquals(calls.begun, numbers(20));
    }
    for (const [semaphore, permits] of [[two, 2], [five, 5]] as const) {
      for (let i = 0; i < permits; i++) {
        assertEquals(semaphore.locked(), false);
        await semaphore.acquire();
      }
      assertEquals(semaphore.locked(), true);
    }
  }),
);

Deno.test(
  "mapConcurrent() gives back its permits when a later limit fails",
  inVirtualTime(async () => {
    const semaphore = new Semaphore(1);
    const items = new Items();
    const broken: Limit = { acquire: () => Promise.reject(new Error("limit")) };
    await assertRejects(
      () =>
        collect(
          mapConcurrent(items.sync(), (n) => n, { limit: [semaphore, broken] }),
        ),
      Error,
      "limit",
    );
    assertEquals(semaphore.locked(), false);
    assertEquals(items.taken, 0);
    const odd = { acquire: () => Promise.resolve(1) } as unknown as Limit;
    await assertRejects(
      () => collect(mapConcurrent([1], (n) => n, { limit: odd })),
      TypeError,
      "received 1",
    );
  }),
);

Deno.test(
  "mapConcurrent() begins nothing while `buffer` results wait",
  inVirtualTime(async () => {
    for (const ordered of [true, false]) {
      for (const kind of ["sync", "async"] as const) {
        const items = new Items();
        const calls = new Calls();
        const results = mapConcurrent(items[kind](), calls.fn, {
          limit: 3,
          buffer: 5,
          ordered,
        });
        for (let taken = 1; taken <= 20; taken++) {
          await results.next();
          await sleep(60);
          const waiting = calls.ended - taken;
          assertEquals(calls.running, 0);
          // The calls that ran when the buffer became full have ended since.
          assert(waiting >= 5 && waiting < 5 + 3, `${waiting} wait`);
        }
        await results.return!();
        assertEquals(items.closed, 1);
      }
    }
  }),
);

Deno.test(
  "mapConcurrent() keeps no permit while it waits for the consumer",
  inVirtualTime(async () => {
    const semaphore = new Semaphore(2);
    let seen = 0;
    for await (
      const _ of mapConcurrent(numbers(20), (n) => sleep(1, n), {
        limit: semaphore,
        buffer: 1,
      })
    ) {
      await sleep(10);
      // The consumer uses the same limit.
      using _one = await semaphore.acquire();
      using _two = await semaphore.acquire();
      seen++;
    }
    assertEquals(seen, 20);
  }),
);

Deno.test(
  "mapConcurrent() bounds what a slow consumer makes wait by default",
  inVirtualTime(async () => {
    const semaphore = new Semaphore(100);
    for (const [limit, bound] of [[4, 4 + 3], [semaphore, 16 + 99]] as const) {
      const items = new Items();
      const results = mapConcurrent(items.sync(), (n) => sleep(1, n), {
        limit,
      });
      await results.next();
      await sleep(100);
      assert(items.taken - 1 <= bound, `${items.taken} for ${bound}`);
      await results.return!();
    }
  }),
);

Deno.test(
  "mapConcurrent() lets its calls clean up after the first error",
  inVirtualTime(async () => {
    const cleaned: number[] = [];
    const failure = new TypeError("boom");
    const results = mapConcurrent(numbers(4), async (n) => {
      if (n === 3) throw failure;
      try {
        await sleep(3600);
      } finally {
        await sleep(n + 1);
        cleaned.push(n);
      }
    }, { limit: 4 });
    const consumers = [0, 1].map(() => createTask(() => collect(results)));
    const errors = await gather(consumers, { returnExceptions: true });
    assertStrictEquals(errors[0], failure);
    assertEquals(cleaned, [0, 1, 2]);
  }),
);

Deno.test(
  "mapConcurrent() cancels and awaits its calls when the loop is left",
  inVirtualTime(async () => {
    for (const kind of ["sync", "async"] as const) {
      const items = new Items();
      let cleaned = 0;
      let begun = 0;
      for await (
        const _ of mapConcurrent(items[kind](), async (n) => {
          begun++;
          try {
            await sleep(n + 1);
          } catch (error) {
            await sleep(1);
            throw error;
          } finally {
            cleaned++;
          }
        }, { limit: 4 })
      ) break;
      assertEquals(cleaned, begun);
      assertEquals(items.closed, 1);
      assertEquals(allTasks().size, 1);
    }
  }),
);

Deno.test(
  "mapConcurrent() throws the first error as it is, and at once",
  inVirtualTime(async () => {
    for (const ordered of [true, false]) {
      const items = new Items();
      const error = new RangeError("five");
      let cleaned = 0;
      const taken: number[] = [];
      const begin = getRunningLoop().time();
      const thrown = await assertRejects(async () => {
        for await (
          const n of mapConcurrent(items.async(), async (n) => {
            if (n === 1) await sleep(2);
            if (n === 1) throw error;
            try {
              await sleep(n === 0 ? 1 : 60);
              return n;
            } finally {
              cleaned++;
            }
          }, { limit: 4, ordered })
        ) taken.push(n);
      });
      assertStrictEquals(thrown, error);
      assertEquals(taken, [0]);
      assertEquals(getRunningLoop().time() - begin, 2);
      assertEquals(cleaned, 4);
      assertEquals(items.closed, 1);
    }
  }),
);

Deno.test(
  "mapConcurrent() drops the results that wait when a call fails",
  inVirtualTime(async () => {
    const results = mapConcurrent([0, 1, 2, 3], (n) => {
      if (n === 3) throw new Error("three");
      return n;
    }, { limit: 4 });
    const error = await assertRejects(() => results.next());
    assertEquals((error as Error).message, "three");
    assertEquals((await results.next()).done, true);
  }),
);

Deno.test(
  "mapConcurrent() cancels its calls at once when one fails, whatever the consumer does",
  inVirtualTime(async () => {
    let cancelled: number | null = null;
    const results = mapConcurrent([0, 1, 2], async (n) => {
      if (n === 0) return n;
      if (n === 1) {
        await sleep(1);
        throw new Error("one");
      }
      try {
        await sleep(3600);
      } finally {
        cancelled = getRunningLoop().time();
      }
      return n;
    }, { limit: 3 });
    const begin = getRunningLoop().time();
    await results.next();
    await sleep(60);
    assertEquals(cancelled! - begin, 1);
    await assertRejects(() => results.next(), Error, "one");
  }),
);

Deno.test(
  "mapConcurrent() passes on whatever is thrown, by whatever throws",
  inVirtualTime(async () => {
    for (const value of [undefined, null, 0, "text", new KeyboardInterrupt()]) {
      const thrower = () => {
        throw value;
      };
      const sources: [Iterable<number> | AsyncIterable<number>, () => never][] =
        [
          [[1], thrower],
          [{ [Symbol.iterator]: thrower }, thrower],
          [{ [Symbol.asyncIterator]: thrower }, thrower],
          [{ [Symbol.iterator]: () => ({ next: thrower }) }, thrower],
          [{ [Symbol.asyncIterator]: () => ({ next: thrower }) }, thrower],
        ];
      for (const [source, fn] of sources) {
        let thrown: unknown = "nothing";
        try {
          await collect(mapConcurrent(source, fn, { limit: 2 }));
        } catch (error) {
          thrown = error;
        }
        assertStrictEquals(thrown, value);
      }
    }
  }),
);

Deno.test(
  "mapConcurrent() closes what it was given, whatever happens",
  inVirtualTime(async () => {
    const closed: string[] = [];
    const source = (name: string) => ({
      [Symbol.asyncIterator]: () => ({
        next: () => sleep(1, { done: false, value: 1 } as const),
        async return() {
          await sleep(1);
          closed.push(name);
          return { done: true, value: undefined } as const;
        },
      }),
    });
    for await (
      const _ of mapConcurrent(source("left"), (n) => n, { limit: 2 })
    ) {
      break;
    }
    await assertRejects(() =>
      collect(
        mapConcurrent(source("failed"), () => Promise.reject(new Error()), {
          limit: 2,
        }),
      )
    );
    const task = createTask(() =>
      collect(mapConcurrent(source("cancelled"), (n) => n, { limit: 2 }))
    );
    await sleep(5.5);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    const results = mapConcurrent(source("unused"), (n) => n, { limit: 2 });
    await results.return!();
    assertEquals((await results.next()).done, true);
    {
      await using _ = mapConcurrent(source("disposed"), (n) => n, { limit: 2 });
    }
    assertEquals(closed, ["left", "failed", "cancelled", "unused", "disposed"]);
  }),
);

Deno.test(
  "mapConcurrent() does not close a source that failed by itself",
  inVirtualTime(async () => {
    let closed = 0;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error("source")),
        return: () => {
          closed++;
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    };
    await assertRejects(
      () => collect(mapConcurrent(source, (n) => n, { limit: 2 })),
      Error,
      "source",
    );
    assertEquals(closed, 0);
  }),
);

Deno.test(
  "mapConcurrent() throws what closing the source throws, behind other errors",
  inVirtualTime(async () => {
    const source = function* () {
      try {
        yield 1;
        yield 2;
      } finally {
        // deno-lint-ignore no-unsafe-finally -- what is tested
        throw new Error("closing");
      }
    };
    await assertRejects(
      async () => {
        for await (
          const _ of mapConcurrent(source(), (n) => n, {
            limit: 1,
            buffer: 1,
          })
        ) break;
      },
      Error,
      "closing",
    );
    const reported: unknown[] = [];
    getRunningLoop().setExceptionHandler((_, { exception }) =>
      reported.push((exception as Error).message)
    );
    await assertRejects(
      () =>
        collect(
          mapConcurrent(source(), () => {
            throw new Error("call");
          }, { limit: 1 }),
        ),
      Error,
      "call",
    );
    assertEquals(reported, ["closing"]);
  }),
);

Deno.test(
  "mapConcurrent() reports what calls throw when they are cancelled",
  inVirtualTime(async () => {
    const reported: unknown[] = [];
    getRunningLoop().setExceptionHandler((_, { exception }) =>
      reported.push((exception as Error).message)
    );
    for await (
      const _ of mapConcurrent([0, 1, 2], async (n) => {
        if (n === 0) return;
        try {
          await sleep(60);
        } finally {
          // deno-lint-ignore no-unsafe-finally -- what is tested
          throw new Error(`clean-up ${n}`);
        }
      }, { limit: 3 })
    ) break;
    assertEquals(reported, ["clean-up 1", "clean-up 2"]);
  }),
);

Deno.test(
  "mapConcurrent() waits for its calls, however often the consumer is cancelled",
  inVirtualTime(async () => {
    let cleaned = 0;
    const task = createTask(() =>
      collect(
        mapConcurrent([1, 2, 3], async () => {
          try {
            await sleep(60);
          } finally {
            await sleep(10);
            cleaned++;
          }
        }, { limit: 3 }),
      )
    );
    for (let i = 0; i < 4; i++) {
      await sleep(1);
      task.cancel(`request ${i}`);
    }
    assertEquals(cleaned, 0);
    await assertRejects(() => task, CancelledError);
    assertEquals(cleaned, 3);
  }),
);

Deno.test(
  "mapConcurrent() ends with the limit of the code around it",
  inVirtualTime(async () => {
    const items = new Items();
    let seen = 0;
    await assertRejects(() =>
      timeout(5.5, async () => {
        for await (
          const _ of mapConcurrent(items.async(), () => sleep(1), { limit: 1 })
        ) seen++;
      })
    );
    assertEquals(seen, 5);
    assertEquals(items.closed, 1);
  }),
);

Deno.test(
  "mapConcurrent() fails when one of its calls is cancelled by itself",
  inVirtualTime(async () => {
    for (const delay of [0, 1]) {
      const task = createTask(() =>
        collect(
          mapConcurrent([0, 1, 2], async (n) => {
            if (n === 1) getRunningLoop().callLater(delay, () => me.cancel());
            const me = currentTask()!;
            await sleep(60);
          }, { limit: 3 }),
        )
      );
      await assertRejects(() => task, CancelledError);
      // It was not the consumer that was cancelled.
      assertEquals(task.cancelling(), 0);
    }
  }),
);

Deno.test(
  "mapConcurrent() fails when a slot is cancelled before it begins",
  inVirtualTime(async () => {
    const consumer = createTask(() =>
      collect(mapConcurrent([0, 1], (n) => n, { limit: 2 }))
    );
    const before = allTasks();
    await sleep(0);
    for (const task of allTasks()) if (!before.has(task)) task.cancel();
    await assertRejects(() => consumer, CancelledError);
  }),
);

Deno.test(
  "mapConcurrent() ends a pending next() when return() is called",
  inVirtualTime(async () => {
    const items = new Items();
    const results = mapConcurrent(items.sync(), () => sleep(3600), {
      limit: 2,
    });
    const pending = createTask(() => results.next());
    await sleep(1);
    const begin = getRunningLoop().time();
    assertEquals(await results.return!("end"), { done: true, value: "end" });
    assertEquals((await pending).done, true);
    assertEquals(getRunningLoop().time(), begin);
    assertEquals(items.closed, 1);
    assertEquals((await results.next()).done, true);
  }),
);

Deno.test(
  "mapConcurrent() serves several consumers in turn",
  inVirtualTime(async () => {
    const results = mapConcurrent(numbers(20), (n) => sleep(1, n), {
      limit: 3,
    });
    const consumers = numbers(3).map(() => createTask(() => collect(results)));
    const all = (await gather(consumers)).flat();
    assertEquals(all.sort((a, b) => a - b), numbers(20));
  }),
);

Deno.test(
  "mapConcurrent() asks a source for one item at a time",
  inVirtualTime(async () => {
    let pending = 0;
    let given = 0;
    const source = {
      [Symbol.asyncIterator]: () => ({
        async next() {
          assertEquals(++pending, 1);
          await sleep(1);
          pending--;
          return given < 20
            ? { done: false as const, value: given++ }
            : { done: true as const, value: undefined };
        },
      }),
    };
    const all = await collect(
      mapConcurrent(source, (n) => sleep(3, n), { limit: 5 }),
    );
    assertEquals(all, numbers(20));
  }),
);

Deno.test(
  "mapConcurrent() runs each call in its own copy of the caller's context",
  inVirtualTime(async () => {
    const variable = new ContextVar("variable", "none");
    const storage = new AsyncLocalStorage<string>();
    variable.set("caller");
    await storage.run("caller", async () => {
      for (const limit of [1, 2, 5]) {
        const seen = await collect(
          mapConcurrent(numbers(6), async (n) => {
            const before = [variable.get(), storage.getStore()];
            variable.set(`call ${n}`);
            storage.enterWith(`call ${n}`);
            if (n % 2 === 1) await sleep(1);
            assertEquals(variable.get(), `call ${n}`);
            assertEquals(storage.getStore(), `call ${n}`);
            return before;
          }, { limit }),
        );
        assertEquals(seen, numbers(6).map(() => ["caller", "caller"]));
      }
    });
    assertEquals(variable.get(), "caller");
  }),
);

Deno.test("mapConcurrent() lets the loop turn while its function never waits", async () => {
  let turns = 0;
  const ticker = createTask(async () => {
    while (true) {
      await sleep(0.001);
      turns++;
    }
  });
  const loop = ticker.getLoop();
  for (const fn of [(n: number) => n, async (n: number) => await n]) {
    for (const limit of [1, 10]) {
      turns = 0;
      const end = loop.time() + 1;
      const items = function* () {
        while (turns < 4 && loop.time() < end) yield 1;
      };
      for await (
        const _ of mapConcurrent(items(), fn, { limit, buffer: Infinity })
      );
      assert(turns >= 4, `${turns} turns with limit ${limit}`);
    }
  }
  ticker.cancel();
  await ticker.catch(() => {});
});

Deno.test("mapConcurrent() leaves nothing behind in any order of events", async () => {
  const result = await explore(async (trial) => {
    const items = new Items(5);
    const semaphore = new Semaphore(2);
    let running = 0;
    let begun = 0;
    let ended = 0;
    const seen: number[] = [];
    const consumer = createTask(async () => {
      for await (
        const n of mapConcurrent(items.async(), async (n) => {
          begun++;
          assert(++running <= 2);
          try {
            await sleep(n % 2);
            return n;
          } finally {
            running--;
            ended++;
          }
        }, { limit: [3, semaphore], buffer: 2, ordered: true })
      ) {
        seen.push(n);
        await sleep(0);
      }
    });
    trial.mayCancel(consumer);
    await consumer.catch((error) => assertInstanceOf(error, CancelledError));
    assertEquals(running, 0);
    assertEquals(begun, ended);
    if (!consumer.cancelled()) assertEquals(seen, numbers(5));
    else assertEquals(seen, numbers(seen.length));
    // Before its first step, nothing has been opened.
    assert(items.taken === 0 || items.closed === 1);
    assertEquals(semaphore.locked(), false);
    using _one = await semaphore.acquire();
    using _two = await semaphore.acquire();
  }, { schedules: 1500 });
  assert(result.schedules > 100);
});

Deno.test("mapConcurrent() leaves nothing behind wherever its consumer is cancelled", async () => {
  for (const ordered of [true, false]) {
    const awaits = await cancelEverywhere(() => {
      const items = new Items(6);
      const semaphore = new Semaphore(2);
      let running = 0;
      return {
        body: async () => {
          for await (
            const _ of mapConcurrent(items.async(), async (n) => {
              running++;
              try {
                await sleep(n % 3);
              } catch (error) {
                await sleep(0);
                throw error;
              } finally {
                running--;
              }
            }, { limit: semaphore, buffer: 1, ordered })
          ) await sleep(1);
        },
        check: () => {
          assertEquals(running, 0);
          assertEquals(semaphore.locked(), false);
          assert(items.taken === 0 || items.closed === 1);
        },
      };
    });
    assert(awaits > 6, `${awaits}`);
  }
});

// It shares its engine with mapConcurrent(), whose tests have more.

Deno.test(
  "forEachConcurrent() calls the function for each item, up to its limit at a time",
  inVirtualTime(async () => {
    for (const limit of [1, 3, new Semaphore(3), [3, new Semaphore(9)]]) {
      let running = 0;
      let most = 0;
      const seen: unknown[] = [];
      const begin = getRunningLoop().time();
      const result = await forEachConcurrent(numbers(9), async (n, index) => {
        seen.push([n, index]);
        most = Math.max(most, ++running);
        await sleep(1);
        running--;
      }, { limit });
      assertEquals(result, undefined);
      assertEquals(seen, numbers(9).map((n) => [n, n]));
      assertEquals(most, limit === 1 ? 1 : 3);
      assertEquals(getRunningLoop().time() - begin, 9 / most);
    }
  }),
);

Deno.test(
  "forEachConcurrent() begins no further call after an error, and throws that",
  inVirtualTime(async () => {
    const error = new RangeError("three");
    let cleaned = 0;
    let begun = 0;
    const thrown = await assertRejects(() =>
      forEachConcurrent(numbers(100), async (n) => {
        begun++;
        try {
          await sleep(n === 3 ? 1 : 2);
          if (n === 3) throw error;
        } finally {
          cleaned++;
        }
      }, { limit: 5 })
    );
    assertStrictEquals(thrown, error);
    assertEquals([begun, cleaned], [5, 5]);
    assertEquals(allTasks().size, 1);
  }),
);

Deno.test("forEachConcurrent() works outside every task", async () => {
  let sum = 0;
  await forEachConcurrent(numbers(10), async (n) => {
    await sleep(0.001);
    sum += n;
  }, { limit: 5 });
  assertEquals(sum, 45);
});

Deno.test("forEachConcurrent() takes a million items without growing", async () => {
  let sum = 0;
  const items = function* () {
    for (let i = 0; i < 1_000_000; i++) yield 1;
  };
  await forEachConcurrent(items(), (n) => void (sum += n), { limit: 8 });
  assertEquals(sum, 1_000_000);
});

Deno.test("forEachConcurrent() ends its calls in any order of events", async () => {
  await explore(async (trial) => {
    let running = 0;
    let done = 0;
    const task = createTask(() =>
      forEachConcurrent(numbers(5), async (n) => {
        assert(++running <= 2);
        try {
          await sleep(n % 2);
          done++;
        } finally {
          running--;
        }
      }, { limit: 2 })
    );
    trial.mayCancel(task);
    await task.catch((error) => assert(error instanceof CancelledError));
    assertEquals(running, 0);
    if (!task.cancelled()) assertEquals(done, 5);
  }, { strategy: "exhaustive", schedules: 3000, deviations: 2 });
});

Deno.test("forEachConcurrent() ends its calls wherever it is cancelled", async () => {
  const awaits = await cancelEverywhere(() => {
    let running = 0;
    return {
      body: () =>
        forEachConcurrent(numbers(5), async (n) => {
          running++;
          try {
            await sleep(n);
          } finally {
            running--;
          }
        }, { limit: 2 }),
      check: () => assertEquals(running, 0),
    };
  });
  assertEquals(awaits, 1);
});

for (const key of [Symbol.iterator, Symbol.asyncIterator] as const) {
  Deno.test(
    `forEachConcurrent() refuses items whose ${
      String(key)
    } returns no iterator`,
    inVirtualTime(async () => {
      const items = { [key]: () => 1 } as unknown as Iterable<number>;
      await assertRejects(
        () => forEachConcurrent(items, () => {}, { limit: 2 }),
        TypeError,
        "What the iterator method of the items returns must be an iterator: received 1",
      );
    }),
  );
}
