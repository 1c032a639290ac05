// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  createTask,
  LifoQueue,
  PriorityQueue,
  Queue,
  QueueShutDown,
  sleep,
  waitFor,
} from "../../mod.ts";
import { cancelEverywhere, ExplorationError } from "../../testing/mod.ts";
import {
  assertFound,
  assertHeeded,
  assertSound,
  type Body,
  ended,
  orLate,
} from "./exploring.ts";
import { LossyQueue } from "./planted/lossy_queue.ts";

interface AnyQueue {
  put(item: number): unknown;
  get(): PromiseLike<number>;
  qsize(): number;
}

/** As many gets as puts; one getter may be cancelled. */
function passing(makeQueue: () => AnyQueue): Body {
  return async (trial) => {
    const queue = makeQueue();
    const got: number[] = [];
    const get = async () => void got.push(await queue.get());
    const tasks = [
      trial.mayCancel(createTask(get, { name: "getter" })),
      createTask(get, { name: "other getter" }),
      createTask(async () => {
        await queue.put(1);
        await sleep(0);
        await queue.put(2);
      }, { name: "putter" }),
    ];
    await ended(tasks);
    tasks.forEach(assertHeeded);
    while (queue.qsize() > 0) got.push(await queue.get());
    assertEquals(got.sort(), [1, 2]);
  };
}

Deno.test("explore() finds a queue that loses the item of a cancelled getter", () =>
  assertFound(passing(() => new LossyQueue())));

Deno.test("cancelEverywhere() finds a queue that loses an item", async () => {
  await assertRejects(
    () =>
      cancelEverywhere(() => {
        const queue = new LossyQueue<number>();
        const got: number[] = [];
        return {
          body: async () => void got.push(await queue.get()),
          meanwhile: async () => {
            await sleep(1);
            queue.put(1);
          },
          check: () => assertEquals(got.length + queue.qsize(), 1),
        };
      }),
    ExplorationError,
    "at its await number 1, after its wake-up",
  );
});

/** The items that were put, and those that were got. */
class Ledger {
  readonly put: number[] = [];
  readonly got: number[] = [];
  readonly #queue: Queue<number>;
  readonly #isInOrder: boolean;

  constructor(queue: Queue<number>) {
    this.#queue = queue;
    this.#isInOrder = queue.constructor === Queue;
  }

  /** Puts items in increasing order. */
  async produce(...items: number[]): Promise<void> {
    for (const item of items) {
      await this.#queue.put(item);
      this.put.push(item);
      this.#assertNotTooMany();
    }
  }

  /** Gets items until there will be none any more. */
  async consume(): Promise<void> {
    let last = 0;
    for await (const item of this.#queue) {
      this.#receive(item);
      assert(!this.#isInOrder || item > last, "Not in the order of the puts");
      last = this.#isOfOneProducer(item, last) ? item : 0;
      await sleep(0);
    }
  }

  /** Gets one item. */
  async take(): Promise<void> {
    this.#receive(await this.#queue.get());
  }

  /** Throws unless every item that was put was got, and no other. */
  assertBalanced(): void {
    const left: number[] = [];
    while (!this.#queue.empty()) left.push(this.#queue.getNowait());
    assertEquals([...this.got, ...left].sort(), this.put.toSorted());
  }

  #receive(item: number): void {
    this.got.push(item);
    this.#queue.taskDone();
    this.#assertNotTooMany();
  }

  #isOfOneProducer(item: number, last: number): boolean {
    return Math.floor(item / 10) === Math.floor(last / 10);
  }

  #assertNotTooMany(): void {
    const { maxSize } = this.#queue;
    assert(maxSize === 0 || this.#queue.qsize() <= maxSize, "One too many");
  }
}

for (const Class of [Queue, LifoQueue, PriorityQueue]) {
  Deno.test(`${Class.name} hands the item of a cancelled getter to the next, in any order`, () =>
    assertSound(passing(() => new Class<number>())));

  for (const maxSize of [0, 1, 2]) {
    const name = `${Class.name}(${maxSize})`;

    Deno.test(`${name} returns each item exactly once, in any order`, () =>
      assertSound(async (trial) => {
        const queue = new Class<number>(maxSize);
        const ledger = new Ledger(queue);
        const producer = createTask(() => ledger.produce(1, 2, 3));
        const consumers = [1, 2].map(() => createTask(() => ledger.consume()));
        trial.mayCancel(consumers[0]!);
        await ended([producer]);
        await queue.join();
        queue.shutdown();
        await ended(consumers);
        consumers.forEach(assertHeeded);
        assertEquals(ledger.got.toSorted(), [1, 2, 3]);
      }, { schedules: 200 }));

    Deno.test(`${name}.put() that is cancelled either put its item or did not`, () =>
      assertSound(async (trial) => {
        const ledger = new Ledger(new Class<number>(maxSize));
        const take = () => orLate(waitFor(() => ledger.take(), 5));
        const tasks = [
          trial.mayCancel(createTask(() => ledger.produce(1, 2))),
          trial.mayCancel(createTask(take)),
          createTask(() => ledger.produce(11, 12)),
        ];
        const others = [1, 2].map(() => createTask(take));
        const drain = createTask(async () => {
          await sleep(10);
          await take();
        });
        await ended([...tasks, ...others, drain]);
        ledger.assertBalanced();
      }, { schedules: 200, timeouts: false }));

    Deno.test(`${name} stays consistent when a task that puts or gets is cancelled at any await`, async () => {
      for (const role of ["putter", "getter"] as const) {
        const awaits = await cancelEverywhere(() => {
          const queue = new Class<number>(maxSize);
          const ledger = new Ledger(queue);
          const put = () => ledger.produce(1, 2, 3);
          const get = () => ledger.consume();
          const other = async () => {
            await sleep(0);
            await (role === "putter"
              ? ledger.produce(11, 12)
              : ledger.consume());
          };
          return {
            body: async () => {
              await sleep(0);
              await (role === "putter" ? put() : get());
            },
            meanwhile: async () => {
              const tasks = [
                createTask(other),
                createTask(role === "putter" ? get : put),
              ];
              await sleep(10);
              queue.shutdown();
              await ended(tasks);
            },
            check: () => ledger.assertBalanced(),
          };
        });
        assert(awaits >= 1);
      }
    });
  }

  Deno.test(`${Class.name}.shutdown() releases all waiters, in any order`, () =>
    assertSound(async (trial) => {
      const queue = new Class<number>(1);
      const put: number[] = [];
      const got: number[] = [];
      const unlessShutDown = async (action: () => PromiseLike<void>) => {
        try {
          await action();
        } catch (error) {
          if (!(error instanceof QueueShutDown)) throw error;
        }
      };
      const putter = (item: number) => async () => {
        await queue.put(item);
        put.push(item);
      };
      const getter = async () => {
        got.push(await queue.get());
        queue.taskDone();
      };
      const isImmediate = trial.random() < 0.5;
      const actions = [putter(1), putter(2), putter(3), getter];
      const tasks = actions.map((each) =>
        createTask(() => unlessShutDown(each))
      );
      trial.mayCancel(tasks[1]!);
      trial.mayCancel(tasks[3]!);
      const closer = createTask(() => queue.shutdown(isImmediate));
      await ended([...tasks, closer]);
      const left: number[] = [];
      while (!queue.empty()) {
        left.push(queue.getNowait());
        queue.taskDone();
      }
      if (!isImmediate) assertEquals([...got, ...left].sort(), put.sort());
      await queue.join();
    }));

  Deno.test(`${Class.name}.join() waits until all work is done, in any order`, () =>
    assertSound(async (trial) => {
      const queue = new Class<number>();
      for (let item = 0; item < 3; item++) queue.putNowait(item);
      let done = 0;
      const workers = [1, 2].map(() =>
        createTask(async () => {
          while (!queue.empty()) {
            await queue.get();
            await sleep(0);
            done++;
            queue.taskDone();
          }
        })
      );
      const joiner = async () => {
        await queue.join();
        assertEquals(done, 3);
      };
      const joiners = [createTask(joiner), trial.mayCancel(createTask(joiner))];
      await ended([...workers, ...joiners]);
    }));
}

Deno.test("waitFor() loses no item of a queue, in any order of events", () =>
  assertSound(async () => {
    const queue = new Queue<number>();
    const got: number[] = [];
    const getter = createTask(async () => {
      while (got.length < 3) {
        const item = await orLate(waitFor(queue.get(), 1));
        if (item !== null) got.push(item);
      }
    });
    const putter = createTask(async () => {
      for (const item of [1, 2, 3]) {
        await sleep(1);
        queue.putNowait(item);
      }
    });
    await ended([getter, putter]);
    assertEquals(got, [1, 2, 3]);
  }));
