// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  getRunningLoop,
  RuntimeError,
  type Task,
  TimeoutError,
} from "../loop/mod.ts";
import { createTask, gather, run, sleep, waitFor } from "../tasks/mod.ts";
import { runProgram } from "../tests/doubles/program.ts";
import { QueueEmpty, QueueFull, QueueShutDown } from "./errors.ts";
import { LifoQueue, PriorityQueue, Queue } from "./queue.ts";

const CLASSES = [Queue, LifoQueue, PriorityQueue] as const;

/** A task that gets an item and says so. */
function getter(
  queue: Queue<unknown>,
  name: string,
  log: string[],
): Task<void> {
  return createTask(async () => {
    log.push(`${name} got ${await queue.get()}`);
  });
}

/** A task that puts an item and says so. */
function putter(queue: Queue<string>, item: string, log: string[]): Task<void> {
  return createTask(async () => {
    await queue.put(item);
    log.push(`put ${item}`);
  });
}

function drain<T>(queue: Queue<T>): T[] {
  const items: T[] = [];
  while (!queue.empty()) items.push(queue.getNowait());
  return items;
}

Deno.test("Queue() takes a number as its maxSize", () => {
  assertEquals(new Queue().maxSize, 0);
  assertEquals(new Queue(3).maxSize, 3);
  assertThrows(
    () => new Queue(NaN),
    RangeError,
    "The maxSize of a queue must be a number: received NaN",
  );
  assertThrows(
    () => new LifoQueue("1" as unknown as number),
    TypeError,
    'The maxSize of a queue must be a number: received "1"',
  );
});

Deno.test("Queue returns items in FIFO order", async () => {
  const queue = new Queue<number>();
  assert(queue.empty());
  for (const item of [1, 3, 2]) await queue.put(item);
  assertFalse(queue.empty());
  assertEquals(queue.qsize(), 3);
  assertEquals(
    [await queue.get(), await queue.get(), await queue.get()],
    [1, 3, 2],
  );
  assert(queue.empty());
});

Deno.test("Queue takes any item", async () => {
  const queue = new Queue<unknown>();
  for (const item of [undefined, null, NaN]) {
    queue.putNowait(item);
    assertEquals(queue.qsize(), 1);
    assertEquals(await queue.get(), item);
    assert(queue.empty());
  }
});

Deno.test("Queue.full() compares with maxSize, which may be any number", () => {
  const unbounded = new Queue<number>();
  const negative = new Queue<number>(-1);
  const infinite = new Queue<number>(Infinity);
  for (let i = 0; i < 100; i++) {
    for (const queue of [unbounded, negative, infinite]) queue.putNowait(i);
  }
  assertFalse(unbounded.full() || negative.full() || infinite.full());

  const fraction = new Queue<number>(1.3);
  fraction.putNowait(1);
  assertFalse(fraction.full());
  fraction.putNowait(2);
  assert(fraction.full());
  assertThrows(() => fraction.putNowait(3), QueueFull);
});

Deno.test("Queue.getNowait() and putNowait() throw where they would have to wait", () => {
  const queue = new Queue<number>(1);
  const empty = assertThrows(
    () => queue.getNowait(),
    QueueEmpty,
    "Cannot get from the queue as it is empty",
  );
  assertEquals(empty.name, "QueueEmpty");
  queue.putNowait(1);
  const full = assertThrows(
    () => queue.putNowait(2),
    QueueFull,
    "Cannot put into the queue as it is full: its maxSize is 1",
  );
  assertEquals(full.name, "QueueFull");
  assertEquals(queue.getNowait(), 1);
});

Deno.test("Queue.get() and put() do not yield when they need not wait", () =>
  run(async () => {
    const queue = new Queue<number>(2);
    const log: string[] = [];
    createTask(() => void log.push("other"));
    await queue.put(1);
    await queue.put(2);
    assertEquals(await queue.get(), 1);
    assertEquals(log, []);
  }));

Deno.test("Queue.put() waits while the queue is full", () =>
  run(async () => {
    const queue = new Queue<string>(2);
    const log: string[] = [];
    const task = createTask(async () => {
      for (const item of ["a", "b", "c"]) {
        await queue.put(item);
        log.push(item);
      }
    });
    await sleep(0);
    await sleep(0);
    assertEquals(log, ["a", "b"]);
    assertEquals(await queue.get(), "a");
    assertEquals(log, ["a", "b"]);
    await sleep(0);
    assertEquals(log, ["a", "b", "c"]);
    await task;
    assertEquals(drain(queue), ["b", "c"]);
  }));

Deno.test("Queue.put() wakes getters in FIFO order", () =>
  run(async () => {
    const queue = new Queue<string>();
    const log: string[] = [];
    const tasks = ["1", "2", "3"].map((name) => getter(queue, name, log));
    await sleep(0);
    for (const item of ["a", "b", "c"]) queue.putNowait(item);
    assertEquals(queue.qsize(), 3);
    await gather(tasks);
    assertEquals(log, ["1 got a", "2 got b", "3 got c"]);
  }));

Deno.test("Queue.get() wakes putters in FIFO order", () =>
  run(async () => {
    const queue = new Queue<string>(1);
    const log: string[] = [];
    queue.putNowait("0");
    const tasks = ["a", "b", "c"].map((item) => putter(queue, item, log));
    const got: string[] = [];
    for (let i = 0; i < 4; i++) {
      await sleep(0);
      got.push(await queue.get());
    }
    await gather(tasks);
    assertEquals(got, ["0", "a", "b", "c"]);
    assertEquals(log, ["put a", "put b", "put c"]);
  }));

Deno.test("Queue.get() that is overtaken waits again at the end of the queue", () =>
  run(async () => {
    const queue = new Queue<string>();
    const log: string[] = [];
    const first = getter(queue, "first", log);
    const second = getter(queue, "second", log);
    await sleep(0);
    queue.putNowait("a");
    log.push(`main got ${await queue.get()}`);
    await sleep(0);
    queue.putNowait("b");
    queue.putNowait("c");
    await gather([first, second]);
    // As CPython 3.13.
    assertEquals(log, ["main got a", "second got b", "first got c"]);
  }));

Deno.test("Queue.put() that is overtaken waits again at the end of the queue", () =>
  run(async () => {
    const queue = new Queue<string>(1);
    const log: string[] = [];
    queue.putNowait("0");
    const first = putter(queue, "first", log);
    const second = putter(queue, "second", log);
    await sleep(0);
    queue.getNowait();
    queue.putNowait("quick");
    await sleep(0);
    const got: string[] = [];
    for (let i = 0; i < 3; i++) {
      got.push(await queue.get());
      await sleep(0);
    }
    await gather([first, second]);
    // As CPython 3.13.
    assertEquals(got, ["quick", "second", "first"]);
    assertEquals(log, ["put second", "put first"]);
  }));

Deno.test("Queue.get() that is cancelled before an item arrives takes none", () =>
  run(async () => {
    const queue = new Queue<string>();
    const log: string[] = [];
    const cancelled = getter(queue, "cancelled", log);
    const other = getter(queue, "other", log);
    await sleep(0);
    cancelled.cancel();
    await queue.put("a");
    await other;
    assert(cancelled.cancelled());
    assertEquals(log, ["other got a"]);
  }));

Deno.test("Queue.get() cancelled after its wake-up leaves the item to the next getter", () =>
  run(async () => {
    const queue = new Queue<string>();
    const log: string[] = [];
    const tasks = ["1", "2", "3"].map((name) => getter(queue, name, log));
    await sleep(0);
    queue.putNowait("a");
    queue.putNowait("b");
    tasks[0]!.cancel();
    await gather(tasks.slice(1));
    // As CPython 3.13: the second was woken before.
    assertEquals(log, ["2 got a", "3 got b"]);
    assert(tasks[0]!.cancelled());
  }));

Deno.test("Queue.get() cancelled after its wake-up leaves the item in the queue", () =>
  run(async () => {
    const queue = new Queue<string>();
    const reader = createTask(() => queue.get());
    await sleep(0);
    queue.putNowait("a");
    queue.putNowait("b");
    reader.cancel();
    await assertRejects(() => reader, CancelledError);
    assertEquals(drain(queue), ["a", "b"]);
  }));

Deno.test("Queue.get() that is cancelled leaves the other getters their places", () =>
  run(async () => {
    for (const isWoken of [false, true]) {
      const queue = new Queue<string>();
      const log: string[] = [];
      const tasks = ["1", "2", "3", "4"].map((name) =>
        getter(queue, name, log)
      );
      await sleep(0);
      if (isWoken) {
        queue.putNowait("a");
        log.push(`main got ${queue.getNowait()}`);
        tasks[0]!.cancel();
      } else {
        // Its turn comes while there is an item, which is the first getter's.
        tasks[1]!.cancel();
        queue.putNowait("a");
      }
      await sleep(0);
      await sleep(0);
      for (const item of ["b", "c", "d"]) queue.putNowait(item);
      await gather(tasks, { returnExceptions: true });
      // As CPython 3.13.
      assertEquals(
        log,
        isWoken
          ? ["main got a", "2 got b", "3 got c", "4 got d"]
          : ["1 got a", "3 got b", "4 got c"],
      );
    }
  }));

Deno.test("Queue.put() that is cancelled before there is room puts nothing", () =>
  run(async () => {
    const queue = new Queue<string>(1);
    const log: string[] = [];
    const a = putter(queue, "a", log);
    const c = putter(queue, "c", log);
    const b = putter(queue, "b", log);
    await sleep(0);
    assert(a.done());
    c.cancel();
    await sleep(0);
    assert(c.cancelled());
    assertEquals(queue.getNowait(), "a");
    await sleep(0);
    assertEquals(queue.getNowait(), "b");
    await b;
    assert(queue.empty());
    assertEquals(log, ["put a", "put b"]);
  }));

Deno.test("Queue.put() cancelled after its wake-up leaves the room to the next putter", () =>
  run(async () => {
    const queue = new Queue<string>(1);
    const log: string[] = [];
    queue.putNowait("0");
    const a = putter(queue, "a", log);
    const b = putter(queue, "b", log);
    await sleep(0);
    assertEquals(queue.getNowait(), "0");
    a.cancel();
    await b;
    assert(a.cancelled());
    assertEquals(log, ["put b"]);
    assertEquals(drain(queue), ["b"]);
  }));

Deno.test("Queue.put() that is cancelled leaves the other putters their places", () =>
  run(async () => {
    for (const isWoken of [false, true]) {
      const queue = new Queue<string>(1);
      const log: string[] = [];
      queue.putNowait("0");
      const tasks = ["1", "2", "3", "4"].map((item) =>
        putter(queue, item, log)
      );
      await sleep(0);
      if (isWoken) {
        queue.getNowait();
        queue.putNowait("quick");
        tasks[0]!.cancel();
      } else {
        // Its turn comes while there is room, which is the first putter's.
        tasks[1]!.cancel();
        queue.getNowait();
      }
      await sleep(0);
      await sleep(0);
      for (let i = 0; i < 3; i++) {
        queue.getNowait();
        await sleep(0);
      }
      await gather(tasks, { returnExceptions: true });
      // As CPython 3.13.
      assertEquals(
        log,
        isWoken ? ["put 2", "put 3", "put 4"] : ["put 1", "put 3", "put 4"],
      );
    }
  }));

Deno.test("Queue.put() that was cancelled can be tried again", () =>
  run(async () => {
    const queue = new Queue<number>(1);
    queue.putNowait(1);
    const writer = createTask(() => queue.put(2));
    await sleep(0);
    queue.getNowait();
    writer.cancel();
    await assertRejects(() => writer, CancelledError);
    assert(queue.empty());
    await queue.put(2);
    assertEquals(drain(queue), [2]);
  }));

Deno.test("Queue.get() and put() begin when they are called", () =>
  run(async () => {
    const queue = new Queue<string>(1);
    const get = queue.get();
    queue.put("a");
    assertFalse(get.done());
    await sleep(0);
    assertEquals(get.result(), "a");
    queue.put("b");
    const late = queue.put("c");
    assertFalse(late.done());
    assertEquals(drain(queue), ["b"]);
    await late;
    assertEquals(drain(queue), ["c"]);
  }));

Deno.test("Queue.get() can be given a time limit, and leaves nothing behind", () =>
  run(async () => {
    const queue = new Queue<string>();
    await assertRejects(() => waitFor(queue.get(), 0.001), TimeoutError);
    queue.putNowait("a");
    await sleep(0);
    assertEquals(queue.qsize(), 1);
  }));

Deno.test("Queue of tasks gives the task by getNowait() and iteration, its result by await", () =>
  run(async () => {
    const queue = new Queue<Task<number>>();
    const task = createTask(() => 42);
    queue.putNowait(task);
    assertStrictEquals(queue.getNowait(), task);
    queue.putNowait(task);
    const got: unknown = await queue.get();
    assertEquals(got, 42);
    const iterated: unknown[] = [];
    const iteration = createTask(async () => {
      for await (const item of queue) iterated.push(item);
    });
    await sleep(0);
    queue.putNowait(task);
    await sleep(0);
    queue.putNowait(task);
    queue.shutdown();
    await iteration;
    assertEquals(iterated.map((item) => item === task), [true, true]);
  }));

for (const QueueClass of CLASSES) {
  const name = QueueClass.name;

  Deno.test(`${name}.taskDone() throws when it is called too often`, () => {
    const queue = new QueueClass<number>();
    assertThrows(
      () => queue.taskDone(),
      RangeError,
      "Cannot mark a task as done as none is unfinished",
    );
    queue.putNowait(1);
    queue.taskDone();
    assertThrows(() => queue.taskDone(), RangeError);
  });

  Deno.test(`${name}.join() waits until the work on every item is done`, () =>
    run(async () => {
      const queue = new QueueClass<number>();
      await queue.join();
      await queue.join();
      for (let i = 0; i < 100; i++) queue.putNowait(i);
      let sum = 0;
      const workers = [1, 2].map(() =>
        createTask(async () => {
          while (true) {
            sum += await queue.get();
            await sleep(0);
            queue.taskDone();
          }
        })
      );
      await queue.join();
      assertEquals(sum, 4950);
      for (const worker of workers) worker.cancel();
    }));

  Deno.test(`${name}.shutdown() of an empty queue wakes pending getters`, () =>
    run(async () => {
      const queue = new QueueClass<string>();
      const get = createTask(() => queue.get());
      await sleep(0);
      queue.shutdown();
      await queue.join();
      await sleep(0);
      assert(get.done());
      await assertRejects(
        () => get,
        QueueShutDown,
        "Cannot get from the queue as it is shut down",
      );
      await assertIsShutDown(queue);
    }));

  Deno.test(`${name}.shutdown() keeps the items and fails pending putters`, () =>
    run(async () => {
      const queue = new QueueClass<string>(1);
      queue.putNowait("data");
      const join = createTask(() => queue.join());
      const put = createTask(() => queue.put("more"));
      await sleep(0);
      assertFalse(put.done());

      queue.shutdown();
      assertEquals(queue.qsize(), 1);
      await sleep(0);
      await assertRejects(
        () => put,
        QueueShutDown,
        "Cannot put into the queue as it is shut down",
      );
      assertEquals(await queue.get(), "data");
      await sleep(0);
      assertFalse(join.done());
      await assertIsShutDown(queue);

      queue.taskDone();
      await sleep(0);
      assert(join.done());
      assertThrows(() => queue.taskDone(), RangeError);
    }));

  Deno.test(`${name}.shutdown() with immediate drops the items`, () =>
    run(async () => {
      const queue = new QueueClass<string>(2);
      queue.putNowait("data");
      queue.putNowait("data");
      const join = createTask(() => queue.join());
      const put = createTask(() => queue.put("more"));
      await sleep(0);
      queue.shutdown(true);
      assertEquals(queue.qsize(), 0);
      await sleep(0);
      assert(join.done());
      await assertRejects(() => put, QueueShutDown);
      await assertIsShutDown(queue);
      assertThrows(() => queue.taskDone(), RangeError);
    }));

  Deno.test(`${name}.shutdown() rejects a non-boolean, and drops nothing`, () =>
    run(() => {
      const queue = new QueueClass<string>();
      queue.putNowait("a");
      for (
        const [value, received] of [[{}, "an instance of Object"], [1, "1"], [
          null,
          "null",
        ]]
      ) {
        assertThrows(
          () => queue.shutdown(value as unknown as boolean),
          TypeError,
          `The immediate of shutdown() must be a boolean: received ${received}`,
        );
      }
      queue.shutdown(undefined);
      assertEquals(queue.getNowait(), "a");
    }));

  Deno.test(`${name}.shutdown() at once leaves the work that was begun`, () =>
    run(async () => {
      const queue = new QueueClass<string>();
      queue.putNowait("data");
      queue.putNowait("data");
      const join = createTask(() => queue.join());
      assertEquals(await queue.get(), "data");
      queue.shutdown(true);
      await sleep(0);
      assertFalse(join.done());
      await assertIsShutDown(queue);
      queue.taskDone();
      assertThrows(() => queue.taskDone(), RangeError);
      await sleep(0);
      assert(join.done());
    }));

  Deno.test(`${name}'s iteration ends when the queue is shut down and drained`, () =>
    run(async () => {
      const queue = new QueueClass<number>(2);
      const consume = () =>
        createTask(async () => {
          const items: number[] = [];
          for await (const item of queue) {
            items.push(item);
            await sleep(0);
          }
          return items;
        });
      const consumers = [consume(), consume()];
      for (let i = 0; i < 10; i++) await queue.put(i);
      queue.shutdown();
      const got = await gather(consumers);
      assertEquals(
        got.flat().toSorted((a, b) => a - b),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
      for await (const _ of queue) throw new Error("unreachable");
    }));
}

async function assertIsShutDown(queue: Queue<string>): Promise<void> {
  await assertRejects(() => queue.put("data"), QueueShutDown);
  assertThrows(() => queue.putNowait("data"), QueueShutDown);
  const error = await assertRejects(() => queue.get(), QueueShutDown);
  assertEquals(error.name, "QueueShutDown");
  assertThrows(() => queue.getNowait(), QueueShutDown);
}

Deno.test("Queue.shutdown() wakes all waiters, in FIFO order", () =>
  run(async () => {
    const queue = new Queue<string>(1);
    const log: string[] = [];
    const watch = (name: string, act: () => PromiseLike<unknown>) =>
      createTask(async () => {
        await assertRejects(async () => void await act(), QueueShutDown);
        log.push(name);
      });
    const getters = ["get 1", "get 2"].map((name) =>
      watch(name, () => queue.get())
    );
    await sleep(0);
    queue.shutdown();
    queue.shutdown();
    await gather(getters);
    assertEquals(log, ["get 1", "get 2"]);
  }));

Deno.test("Queue.shutdown() wakes getters before putters", () =>
  run(async () => {
    const queue = new Queue<string>(1);
    const log: string[] = [];
    const task = (name: string, wait: () => PromiseLike<unknown>) =>
      createTask(async () => {
        await assertRejects(async () => void await wait(), QueueShutDown);
        log.push(name);
      });
    queue.putNowait("0");
    const putters = ["first putter", "second putter"].map((name) =>
      task(name, () => queue.put(name))
    );
    await sleep(0);
    const getter = task("getter", () => queue.get());
    // Between the getter's turn and that of the putter for which there is room now.
    getRunningLoop().callSoon(() => queue.shutdown());
    queue.getNowait();
    await gather([...putters, getter]);
    // As CPython 3.13.
    assertEquals(log, ["first putter", "getter", "second putter"]);
  }));

Deno.test("Queue.shutdown() after a wake-up rejects the putter but not the getter", () =>
  run(async () => {
    const full = new Queue<string>(1);
    full.putNowait("a");
    const put = createTask(() => full.put("b"));
    const empty = new Queue<string>();
    const get = createTask(() => empty.get());
    await sleep(0);
    full.getNowait();
    full.shutdown();
    empty.putNowait("c");
    empty.shutdown();
    await assertRejects(() => put, QueueShutDown);
    assert(full.empty());
    assertEquals(await get, "c");
  }));

Deno.test("Queue.join() that is done is not affected by new work", () =>
  run(async () => {
    const queue = new Queue<string>();
    queue.putNowait("a");
    const join = createTask(() => queue.join());
    await sleep(0);
    queue.taskDone();
    queue.putNowait("b");
    await join;
    const again = createTask(() => queue.join());
    await sleep(0);
    assertFalse(again.done());
    again.cancel();
    await assertRejects(() => again, CancelledError);
    queue.taskDone();
    await queue.join();
  }));

Deno.test("Queue's iteration that is cancelled loses no item", () =>
  run(async () => {
    const queue = new Queue<number>();
    const seen: number[] = [];
    const iterate = () =>
      createTask(async () => {
        for await (const item of queue) seen.push(item);
      });
    const [before, between, other] = [iterate(), iterate(), iterate()];
    await sleep(0);
    before.cancel();
    queue.putNowait(1);
    between.cancel();
    for (let i = 0; i < 3; i++) await sleep(0);
    assert(before.cancelled() && between.cancelled());
    assertEquals(seen, [1]);
    queue.putNowait(2);
    queue.shutdown();
    await other;
    assertEquals(seen, [1, 2]);
  }));

Deno.test("Queue's iteration can be left and taken up again", () =>
  run(async () => {
    const queue = new Queue<number>();
    for (const item of [1, 2, 3]) queue.putNowait(item);
    for await (const item of queue) {
      assertEquals(item, 1);
      break;
    }
    queue.shutdown();
    const rest: number[] = [];
    for await (const item of queue) rest.push(item);
    assertEquals(rest, [2, 3]);
  }));

Deno.test("Queue works outside run()", async () => {
  const queue = new Queue<string>(1);
  const get = queue.get();
  await queue.put("a");
  const put = queue.put("b");
  assertEquals(await get, "a");
  await put;
  assertEquals(queue.getNowait(), "b");
  queue.taskDone();
  const join = queue.join();
  queue.taskDone();
  await join;
});

Deno.test("Queue is bound to the loop in which it is first waited for", async () => {
  const queue = new Queue<string>(1);
  await run(async () => {
    const get = createTask(() => queue.get());
    await sleep(0);
    queue.putNowait("a");
    await get;
  });
  const message =
    "Cannot wait for the queue as it is bound to another event loop";
  await run(async () => {
    await assertRejects(() => queue.get(), RuntimeError, message);
    await queue.put("b");
    await assertRejects(() => queue.put("c"), RuntimeError, message);
    await assertRejects(() => queue.join(), RuntimeError, message);
    assertEquals(await queue.get(), "b");
    await assertRejects(
      () => queue[Symbol.asyncIterator]().next(),
      RuntimeError,
      message,
    );
  });
});

Deno.test("Queue keeps the order of 10,000 getters, of which half are cancelled", () =>
  run(async () => {
    const queue = new Queue<number>();
    const got: [number, number][] = [];
    const tasks = Array.from(
      { length: 10_000 },
      (_, i) =>
        createTask(async () => {
          got.push([i, await queue.get()]);
        }),
    );
    await sleep(0);
    for (let i = 0; i < tasks.length; i += 2) tasks[i]!.cancel();
    for (let i = 0; i < 5_000; i++) queue.putNowait(i);
    await gather(tasks, { returnExceptions: true });
    assertEquals(got, Array.from({ length: 5_000 }, (_, i) => [2 * i + 1, i]));
    assert(queue.empty());
  }));

/** A sequence of numbers that look random, the same for a seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

Deno.test("Queue neither loses nor duplicates an item under random cancellation", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomFrom(seed);
    const queue = new Queue<number>(random(4));
    const put: number[] = [];
    const got: number[] = [];
    await run(async () => {
      const tasks: Task<void>[] = [];
      for (let i = 0; i < 4; i++) {
        tasks.push(
          createTask(async () => {
            for (let n = 0; n < 10; n++) {
              const item = i * 100 + n;
              await queue.put(item);
              put.push(item);
              if (random(3) === 0) await sleep(0);
            }
          }),
          createTask(async () => {
            while (true) {
              got.push(await queue.get());
              if (random(3) === 0) await sleep(0);
            }
          }),
        );
      }
      for (let i = 0; i < 20; i++) {
        if (random(3) === 0) tasks[random(tasks.length)]!.cancel();
        if (random(4) === 0 && !queue.empty()) got.push(queue.getNowait());
        await sleep(0);
      }
      for (const task of tasks) task.cancel();
      await gather(tasks, { returnExceptions: true });
    });
    got.push(...drain(queue));
    const inOrder = (items: number[]) => items.toSorted((a, b) => a - b);
    assertEquals(inOrder(got), inOrder(put), `seed ${seed}`);
  }
});

Deno.test("QueueEmpty, QueueFull and QueueShutDown are errors of their own", () => {
  for (const ErrorClass of [QueueEmpty, QueueFull, QueueShutDown]) {
    const cause = new Error("cause");
    const error = new ErrorClass("message", { cause });
    assertInstanceOf(error, Error);
    assertEquals([error.name, error.message], [ErrorClass.name, "message"]);
    assertStrictEquals(error.cause, cause);
  }
});

Deno.test("Queue.toString() describes its state without cancelled waiters", () =>
  run(async () => {
    const queue = new LifoQueue<number>(1);
    assertEquals(String(queue), "<LifoQueue maxSize=1 size=0>");
    const gets = [queue.get(), queue.get()];
    assertEquals(Deno.inspect(queue), "<LifoQueue maxSize=1 size=0 getters=2>");
    for (const get of gets) get.cancel();
    assertEquals(String(queue), "<LifoQueue maxSize=1 size=0>");
    queue.putNowait(1);
    const put = queue.put(2);
    assertEquals(
      String(queue),
      "<LifoQueue maxSize=1 size=1 putters=1 tasks=1>",
    );
    put.cancel();
    queue.shutdown();
    assertEquals(
      String(queue),
      "<LifoQueue maxSize=1 size=1 tasks=1 shutdown>",
    );
    await sleep(0);
  }));

Deno.test("Queue releases memory after a burst of items", async () => {
  const { stdout, stderr } = await runProgram(
    `
      import { LifoQueue, PriorityQueue, Queue, run } from "asyncio";
      const heap = () => (gc(), Deno.memoryUsage().heapUsed);
      await run(() => {
        for (const Class of [Queue, LifoQueue, PriorityQueue]) {
          for (const end of ["take", "shut down"]) {
            const queue = new Class();
            const before = heap();
            for (let i = 0; i < 300_000; i++) queue.putNowait(i);
            const full = heap() - before;
            if (end === "take") {
              while (queue.qsize() > 10) queue.getNowait();
            } else queue.shutdown(true);
            const left = heap() - before;
            // Compiled code and the like also grow the heap.
            if (!(full > 1_000_000 && left < full / 4)) {
              console.error(Class.name, end, full, left);
            }
            console.log(queue.qsize());
          }
        }
      });
    `,
    { v8Flags: "--expose-gc" },
  );
  assertEquals({ stdout, stderr }, {
    stdout: "10\n0\n".repeat(3),
    stderr: "",
  });
});

Deno.test("LifoQueue returns the newest item first", async () => {
  const queue = new LifoQueue<number>();
  assertInstanceOf(queue, Queue);
  for (const item of [1, 3, 2]) await queue.put(item);
  assertEquals(
    [await queue.get(), await queue.get(), await queue.get()],
    [2, 3, 1],
  );
  assert(queue.empty());
});

Deno.test("LifoQueue.put() waits while the queue is full", () =>
  run(async () => {
    const queue = new LifoQueue<number>(2);
    const task = createTask(async () => {
      for (const item of [1, 2, 3]) await queue.put(item);
    });
    await sleep(0);
    assert(queue.full());
    assertEquals(await queue.get(), 2);
    await task;
    assertEquals([queue.getNowait(), queue.getNowait()], [3, 1]);
  }));

/** Returns the items in the order in which they leave the queue. */
function sorted<T>(items: Iterable<T>, compare?: (a: T, b: T) => number): T[] {
  const queue = new PriorityQueue<T>(0, { compare });
  for (const item of items) queue.putNowait(item);
  const result: T[] = [];
  while (!queue.empty()) result.push(queue.getNowait());
  return result;
}

Deno.test("PriorityQueue returns the smallest item first", async () => {
  const queue = new PriorityQueue<number>();
  assertInstanceOf(queue, Queue);
  for (const item of [1, 3, 2]) await queue.put(item);
  assertEquals(
    [await queue.get(), await queue.get(), await queue.get()],
    [1, 2, 3],
  );
});

Deno.test("PriorityQueue orders numbers, strings and arrays of them", () => {
  assertEquals(sorted([10, 9, -1, 2.5, Infinity, 0]), [
    -1,
    0,
    2.5,
    9,
    10,
    Infinity,
  ]);
  assertEquals(sorted<number | bigint>([2, 1n, 3n, 0]), [0, 1n, 2, 3n]);
  assertEquals(sorted(["b", "", "B", "ab"]), ["", "B", "ab", "b"]);
  assertEquals(
    sorted([[2, "a"], [10, "b"], [2], [1, "z", 0], [2, "B"], []]),
    [[], [1, "z", 0], [2], [2, "B"], [2, "a"], [10, "b"]],
  );
  assertEquals(
    sorted([[1, [2, 3]], [1, [2]], [0, [9]]]),
    [[0, [9]], [1, [2]], [1, [2, 3]]],
  );
});

Deno.test("PriorityQueue rejects items that it cannot compare, and keeps its contents", async () => {
  const queue = new PriorityQueue<unknown>();
  queue.putNowait([1, { job: "a" }]);
  const advice =
    " in a PriorityQueue: pass a compare function, or use numbers, strings, or arrays of them";
  assertThrows(
    () => queue.putNowait([1, { job: "b" }]),
    TypeError,
    `Cannot compare object with object${advice}`,
  );
  await assertRejects(
    () => queue.put("a"),
    TypeError,
    "Cannot compare string with array",
  );
  assertEquals(queue.qsize(), 1);
  queue.putNowait([0, { job: "c" }]);
  assertEquals(queue.getNowait(), [0, { job: "c" }]);
  assertEquals(queue.getNowait(), [1, { job: "a" }]);
  queue.taskDone();
  queue.taskDone();
  assertThrows(() => queue.taskDone(), RangeError);

  queue.putNowait(1);
  for (const item of [NaN, null, undefined, true, "1", {}, new Date(0)]) {
    assertThrows(() => queue.putNowait(item), TypeError);
  }
  assertEquals(queue.getNowait(), 1);
});

Deno.test("PriorityQueue does not compare an item with itself", () => {
  const job = {};
  assertEquals(sorted([[1, job, 2], [1, job, 1]]), [[1, job, 1], [1, job, 2]]);
});

Deno.test("PriorityQueue takes a compare function", () => {
  const jobs = [{ urgency: 1 }, { urgency: 3 }, { urgency: 2 }];
  assertEquals(
    sorted(jobs, (a, b) => b.urgency - a.urgency).map((job) => job.urgency),
    [3, 2, 1],
  );
  assertThrows(
    () => new PriorityQueue(0, { compare: "up" as unknown as () => number }),
    TypeError,
    'The compare option of PriorityQueue() must be a function: received "up"',
  );
});

Deno.test("PriorityQueue returns equal items in FIFO order", () => {
  const items = Array.from({ length: 300 }, (_, i) => ({ rank: i * 7 % 5, i }));
  assertEquals(
    sorted(items, (a, b) => a.rank - b.rank),
    items.toSorted((a, b) => a.rank - b.rank || a.i - b.i),
  );
});

Deno.test("PriorityQueue stays sorted under random puts and gets", () => {
  const queue = new PriorityQueue<number>();
  const inside: number[] = [];
  let state = 1;
  for (let i = 0; i < 5_000; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    if (state % 5 < 3) {
      const item = state >>> 8 & 0xff;
      queue.putNowait(item);
      inside.push(item);
      inside.sort((a, b) => a - b);
    } else if (inside.length > 0) {
      assertEquals(queue.getNowait(), inside.shift());
    }
  }
  assertEquals(queue.qsize(), inside.length);
});

Deno.test("PriorityQueue loses nothing when the compare function throws", () => {
  let failing = false;
  const queue = new PriorityQueue<number>(0, {
    compare: (a, b) => {
      if (failing) throw new Error("incomparable");
      return a - b;
    },
  });
  const items = Array.from({ length: 50 }, (_, i) => i * 37 % 50);
  for (const item of items) {
    queue.putNowait(item);
    failing = true;
    assertThrows(() => queue.putNowait(-1), Error, "incomparable");
    failing = false;
  }
  for (let i = 0; i < 50; i++) {
    failing = true;
    if (queue.qsize() > 2) {
      assertThrows(() => queue.getNowait(), Error, "incomparable");
    }
    failing = false;
    assertEquals(queue.getNowait(), i);
  }
  assert(queue.empty());
});

Deno.test("PriorityQueue.put() that cannot compare leaves the room to the next", () =>
  run(async () => {
    const queue = new PriorityQueue<unknown>(2);
    queue.putNowait(1);
    queue.putNowait(2);
    const bad = createTask(() => queue.put("bad"));
    const good = createTask(() => queue.put(0));
    await sleep(0);
    assertEquals(queue.getNowait(), 1);
    await assertRejects(() => bad, TypeError);
    await good;
    assertEquals([queue.getNowait(), queue.getNowait()], [0, 2]);
  }));

Deno.test("PriorityQueue.get() returns the smallest item at the time of resumption", () =>
  run(async () => {
    const queue = new PriorityQueue<number>();
    const first = createTask(() => queue.get());
    const second = createTask(() => queue.get());
    await sleep(0);
    queue.putNowait(2);
    queue.putNowait(1);
    assertFalse(first.done());
    assertEquals(await gather([first, second]), [1, 2]);
  }));
