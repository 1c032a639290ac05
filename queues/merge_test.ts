// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { CancelledError, getRunningLoop, RuntimeError } from "../loop/mod.ts";
import {
  allTasks,
  createTask,
  run,
  sleep,
  timeout,
  TimeoutError,
} from "../mod.ts";
import { inVirtualTime } from "../testing/mod.ts";
import { Broadcast, events, merge, Queue, Watched } from "./mod.ts";

/** A source that logs what becomes of it. */
class Source {
  readonly log: string[] = [];

  /** Yields `count` items, one each so many seconds. Its clean-up takes a second. */
  async *items(name: string, seconds: number, count = Infinity) {
    try {
      for (let i = 1; i <= count; i++) {
        await sleep(seconds);
        this.log.push(`${name}${i}`);
        yield `${name}${i}`;
      }
    } finally {
      this.log.push(`${name} closes`);
      await sleep(1);
      this.log.push(`${name} closed`);
    }
  }

  /** The last entries of the log. */
  ending(...names: string[]): void {
    const rest = this.log.splice(0).filter((each) => each.includes("close"));
    assertEquals(
      rest.toSorted(),
      names.flatMap((each) => [`${each} closed`, `${each} closes`]).toSorted(),
    );
  }
}

async function collect<T>(iteration: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const each of iteration) got.push(each);
  return got;
}

Deno.test(
  "merge() gives the items of all sources in the order in which they come",
  inVirtualTime(async () => {
    const source = new Source();
    assertEquals(
      await collect(merge(source.items("a", 2, 3), source.items("b", 3, 2))),
      ["a1", "b1", "a2", "b2", "a3"],
    );
    source.ending("a", "b");
    assertEquals(allTasks().size, 1);
  }),
);

Deno.test("merge() gives the union of the types", () =>
  run(async () => {
    const merged = merge(new Queue<number>(), new Watched("a"));
    const { value } = await merged.next();
    assertType<IsExact<typeof value, string | number | undefined>>(true);
    assertEquals(value, "a");
    await merged.return?.();
  }));

Deno.test("merge() of nothing ends at once", async () => {
  assertEquals(await collect(merge()), []);
});

Deno.test("merge() refuses what is not an async iterable", () => {
  assertThrows(
    () => merge([1] as unknown as AsyncIterable<number>),
    TypeError,
    "Each source of merge() must be an async iterable: received an instance of Array",
  );
});

Deno.test(
  "merge() begins at the first next(), and reads one item ahead",
  inVirtualTime(async () => {
    const source = new Source();
    const merged = merge(source.items("a", 1), source.items("b", 1));
    await sleep(10);
    assertEquals(source.log, []);
    assertEquals((await merged.next()).value, "a1");
    await sleep(10);
    assertEquals(source.log, ["a1", "b1", "a2"]);
    assertEquals((await merged.next()).value, "b1");
    await sleep(10);
    assertEquals(source.log, ["a1", "b1", "a2", "b2"]);
    await merged.return?.();
  }),
);

Deno.test(
  "merge() closes every source when the loop is left, and awaits it",
  inVirtualTime(async () => {
    const leave = [
      async (source: Source) => {
        for await (
          const _ of merge(source.items("a", 1), source.items("b", 5))
        ) {
          break;
        }
      },
      async (source: Source) => {
        for await (
          const _ of merge(source.items("a", 1), source.items("b", 1))
        ) {
          throw new Error("left");
        }
      },
      async (source: Source) => {
        await using merged = merge(source.items("a", 1), source.items("b", 1));
        await merged.next();
      },
    ];
    for (const each of leave) {
      const source = new Source();
      await each(source).catch(() => {});
      source.ending("a", "b");
      assertEquals(allTasks().size, 1);
    }
  }),
);

Deno.test(
  "merge() closes every source when the awaiting task is cancelled",
  inVirtualTime(async () => {
    for (const delay of [0, 0.5, 1, 1.5, 100]) {
      const source = new Source();
      const task = createTask(async () => {
        const merged = merge(source.items("a", 1), source.items("b", 3));
        for await (const _ of merged) await sleep(0.1);
      });
      await sleep(delay);
      task.cancel();
      await assertRejects(() => task, CancelledError);
      assertEquals(
        source.log.filter((each) => each.includes("closes")).length,
        source.log.filter((each) => each.includes("closed")).length,
      );
      if (delay > 0) source.ending("a", "b");
      assertEquals(allTasks().size, 1);
    }
  }),
);

Deno.test(
  "merge() awaits its sources even if it is cancelled again",
  inVirtualTime(async () => {
    const source = new Source();
    const task = createTask(() => collect(merge(source.items("a", 1))));
    await sleep(1.5);
    for (let i = 0; i < 3; i++) {
      task.cancel();
      await sleep(0.1);
    }
    assertEquals(task.done(), false);
    await assertRejects(() => task, CancelledError);
    source.ending("a");
  }),
);

Deno.test(
  "merge() closes its sources when a time limit is over",
  inVirtualTime(async () => {
    const source = new Source();
    const merged = merge(source.items("a", 10));
    await assertRejects(() => timeout(1, () => collect(merged)), TimeoutError);
    source.ending("a");
    assertEquals(await merged.next(), { done: true, value: undefined });
  }),
);

Deno.test(
  "merge() throws the first error at once, after the other sources are closed",
  inVirtualTime(async () => {
    const source = new Source();
    const error = new Error("failed");
    async function* failing() {
      await sleep(2.5);
      yield* [];
      throw error;
    }
    const merged = merge(source.items("a", 1), failing());
    const got: string[] = [];
    const thrown = await assertRejects(async () => {
      for await (const each of merged) got.push(each);
    });
    assertStrictEquals(thrown, error);
    assertEquals(got, ["a1", "a2"]);
    source.ending("a");
    assertEquals(await merged.next(), { done: true, value: undefined });
  }),
);

Deno.test(
  "merge() throws the error of a clean-up, and reports further ones",
  inVirtualTime(async () => {
    const reports: unknown[] = [];
    getRunningLoop().setExceptionHandler((_, { message, exception }) => {
      reports.push(message, String(exception));
    });
    async function* failing(name: string) {
      try {
        yield name;
        await sleep(1);
      } finally {
        await sleep(1);
        // deno-lint-ignore no-unsafe-finally -- that is what is tested
        throw new Error(name);
      }
    }
    const merged = merge(failing("a"), failing("b"));
    await merged.next();
    const error = await assertRejects(() =>
      merged.return!() as Promise<unknown>
    );
    assertEquals(String(error), "Error: a");
    assertEquals(reports, [
      "A source of merge() failed while it was closed",
      "Error: b",
    ]);
  }),
);

Deno.test(
  "merge() closes sources that have not begun",
  inVirtualTime(async () => {
    const broadcast = new Broadcast<number>();
    const subscription = broadcast.subscribe();
    {
      await using _ = merge(subscription);
    }
    assertEquals(broadcast.subscribers, 0);
  }),
);

Deno.test(
  "merge() closes subscriptions and event listeners that are being read",
  inVirtualTime(async () => {
    const broadcast = new Broadcast<number>();
    const target = new EventTarget();
    const merged = merge(broadcast.subscribe(), events(target, "tick"));
    const next = createTask(() => merged.next());
    await sleep(1);
    assertEquals(broadcast.subscribers, 1);
    next.cancel();
    await assertRejects(() => next, CancelledError);
    assertEquals(broadcast.subscribers, 0);
  }),
);

Deno.test("merge() closes foreign sources that are being read", () =>
  run(async () => {
    const closed: string[] = [];
    const stream = new ReadableStream<number>({
      cancel: () => void closed.push("stream"),
    });
    let finish: (result: IteratorResult<number>) => void;
    const foreign: AsyncIterableIterator<number> = {
      next: () => new Promise((resolve) => finish = resolve),
      return() {
        closed.push("foreign");
        const end = { done: true, value: undefined } as const;
        finish(end);
        return Promise.resolve(end);
      },
      [Symbol.asyncIterator]: () => foreign,
    };
    const ticks = new Queue<number>();
    const merged = merge(stream, foreign, ticks);
    ticks.putNowait(1);
    for await (const _ of merged) break;
    assertEquals(closed.toSorted(), ["foreign", "stream"]);
    assertEquals(stream.locked, true);
  }));

Deno.test("merge() lets a generator that awaits something foreign clean up", () =>
  run(async () => {
    const log: string[] = [];
    async function* pages() {
      try {
        while (true) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          yield "page";
        }
      } finally {
        await sleep(0.001);
        log.push("closed");
      }
    }
    for await (const _ of merge(pages())) {
      await sleep(0);
      break;
    }
    assertEquals(log, ["closed"]);
  }));

Deno.test("merge() reads a stream to its end", () =>
  run(async () => {
    const stream = ReadableStream.from(["a", "b"]);
    assertEquals(await collect(merge(stream)), ["a", "b"]);
  }));

Deno.test(
  "merge() leaves what it has not read in a queue",
  inVirtualTime(async () => {
    const queue = new Queue<number>();
    for (const item of [1, 2, 3, 4]) queue.putNowait(item);
    for await (const item of merge(queue)) {
      await sleep(1);
      if (item === 2) break;
    }
    // 3 was read ahead.
    assertEquals([queue.qsize(), await queue.get()], [1, 4]);
  }),
);

Deno.test(
  "merge() serves several tasks",
  inVirtualTime(async () => {
    const source = new Source();
    const merged = merge(source.items("a", 1, 2), source.items("b", 1.5, 2));
    const tasks = [1, 2].map(() => createTask(() => collect(merged)));
    const got = [...await tasks[0]!, ...await tasks[1]!];
    assertEquals(got.sort(), ["a1", "a2", "b1", "b2"]);
    source.ending("a", "b");
  }),
);

Deno.test(
  "merge() does not wait for an iterator that throws to close",
  inVirtualTime(async () => {
    const log: string[] = [];
    const iterator = {
      next: () => Promise.reject(new Error("failed")),
      return() {
        log.push("closed");
        return Promise.resolve({ done: true as const, value: undefined });
      },
    };
    const source = { [Symbol.asyncIterator]: () => iterator };
    await assertRejects(() => collect(merge(source)), Error, "failed");
    assertEquals(log, []);
  }),
);

Deno.test(
  "merge() fails if other code cancels its tasks",
  inVirtualTime(async () => {
    const source = new Source();
    const reader = createTask(() => collect(merge(source.items("a", 5))));
    await sleep(1);
    for (const task of allTasks()) {
      if (task.getName() === "merge() source 1") task.cancel();
    }
    await assertRejects(() => reader, CancelledError);
    source.ending("a");
  }),
);

Deno.test("merge() fails in another loop than that of its first next()", async () => {
  const merged = merge(new Queue<number>());
  await run(async () => {
    const next = createTask(() => merged.next());
    await sleep(0);
    next.cancel();
    await assertRejects(() => next, CancelledError);
  });
  await assertRejects(
    () => merged.next() as Promise<unknown>,
    RuntimeError,
    "Cannot wait for the merge as it is bound to another event loop",
  );
});
