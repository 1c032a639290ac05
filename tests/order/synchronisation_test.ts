// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Barrier, Condition, Event, Lock, Semaphore } from "../../sync/mod.ts";
import { Queue, QueueShutDown } from "../../queues/mod.ts";
import { createTask, gather, sleep } from "../../tasks/mod.ts";
import { testOrder } from "./order.ts";

testOrder(
  "lock_hands_over",
  [
    "a asks",
    "a has it",
    "b asks",
    "c asks",
    "a lets go",
    "a is out",
    "b has it",
    "b lets go",
    "b is out",
    "c has it",
    "c lets go",
    "c is out",
  ],
  async (log) => {
    const lock = new Lock();

    async function work(name: string) {
      log(`${name} asks`);
      {
        using _ = await lock.acquire();
        log(`${name} has it`);
        await sleep(0);
        log(`${name} lets go`);
      }
      log(`${name} is out`);
    }

    await gather([() => work("a"), () => work("b"), () => work("c")]);
  },
);

testOrder(
  "lock_with_waiters_cancelled",
  [
    "locked: false",
    "b is cancelled",
    "a is cancelled",
    "c has it",
    "d has it",
    "locked: false",
  ],
  async (log) => {
    const lock = new Lock();

    async function work(name: string) {
      try {
        using _ = await lock.acquire();
        log(`${name} has it`);
      } catch {
        log(`${name} is cancelled`);
      }
    }

    await lock.acquire();
    const tasks = ["a", "b", "c", "d"].map((name) =>
      createTask(() => work(name))
    );
    await sleep(0);
    tasks[1]!.cancel();
    lock.release();
    log(`locked: ${lock.locked()}`);
    // It has been woken already.
    tasks[0]!.cancel();
    await gather(tasks);
    log(`locked: ${lock.locked()}`);
  },
);

testOrder(
  "lock_is_not_stolen",
  ["a has it", "main has it", "b has it"],
  async (log) => {
    const lock = new Lock();

    async function work(name: string) {
      using _ = await lock.acquire();
      log(`${name} has it`);
    }

    await lock.acquire();
    const a = createTask(() => work("a"));
    await sleep(0);
    lock.release();
    const b = createTask(() => work("b"));
    {
      using _ = await lock.acquire();
      log("main has it");
    }
    await a;
    await b;
  },
);

testOrder(
  "semaphore_order",
  [
    "a is in",
    "b is in",
    "b leaves",
    "c is in",
    "a leaves",
    "c leaves",
    "d is in",
    "e is in",
    "e leaves",
    "d leaves",
  ],
  async (log) => {
    const semaphore = new Semaphore(2);

    async function work(name: string, turns: number) {
      using _ = await semaphore.acquire();
      log(`${name} is in`);
      for (let i = 0; i < turns; i++) await sleep(0);
      log(`${name} leaves`);
    }

    await gather([
      () => work("a", 3),
      () => work("b", 1),
      () => work("c", 1),
      () => work("d", 2),
      () => work("e", 1),
    ]);
  },
);

testOrder(
  "semaphore_with_a_waiter_cancelled",
  [
    "locked: true",
    "a is cancelled",
    "b is in",
    "c is in",
    "locked: false",
  ],
  async (log) => {
    const semaphore = new Semaphore(1);

    async function work(name: string) {
      try {
        using _ = await semaphore.acquire();
        log(`${name} is in`);
      } catch {
        log(`${name} is cancelled`);
      }
    }

    await semaphore.acquire();
    const tasks = ["a", "b", "c"].map((name) => createTask(() => work(name)));
    await sleep(0);
    semaphore.release();
    // It has been woken already: its permit goes to the next.
    tasks[0]!.cancel();
    log(`locked: ${semaphore.locked()}`);
    await gather(tasks);
    log(`locked: ${semaphore.locked()}`);
  },
);

testOrder(
  "event_order",
  [
    "a goes on, set: false",
    "c goes on, set: false",
    "sets it again",
    "late goes on, set: true",
    "cancelled: true",
  ],
  async (log) => {
    const event = new Event();

    async function work(name: string) {
      await event.wait();
      log(`${name} goes on, set: ${event.isSet()}`);
    }

    const tasks = ["a", "b", "c"].map((name) => createTask(() => work(name)));
    await sleep(0);
    event.set();
    event.clear();
    tasks[1]!.cancel();
    const late = createTask(() => work("late"));
    await sleep(0);
    log("sets it again");
    event.set();
    await late;
    log(`cancelled: ${tasks[1]!.cancelled()}`);
  },
);

testOrder(
  "condition_order",
  [
    "a waits",
    "b waits",
    "c waits",
    "d waits",
    "main leaves",
    "a is cancelled, locked: true",
    "b is notified",
    "b leaves",
    "c is notified",
    "c leaves",
    "d is notified",
    "d leaves",
    "cancelled: 1",
  ],
  async (log) => {
    const condition = new Condition();

    async function work(name: string) {
      using _ = await condition.acquire();
      log(`${name} waits`);
      try {
        await condition.wait();
        log(`${name} is notified`);
      } catch (error) {
        log(`${name} is cancelled, locked: ${condition.locked()}`);
        throw error;
      }
      await sleep(0);
      log(`${name} leaves`);
    }

    const tasks = ["a", "b", "c", "d"].map((name) =>
      createTask(() => work(name))
    );
    await sleep(0);
    {
      using _ = await condition.acquire();
      condition.notify(2);
      tasks[0]!.cancel();
      log("main leaves");
    }
    for (let i = 0; i < 8; i++) await sleep(0);
    {
      using _ = await condition.acquire();
      condition.notifyAll();
    }
    await gather(tasks, { returnExceptions: true });
    log(`cancelled: ${tasks.filter((task) => task.cancelled()).length}`);
  },
);

testOrder(
  "queue_hands_over",
  ["size 1", "b got 1", "size 0", "c got 2", "size 0"],
  async (log) => {
    const queue = new Queue<number>();

    async function getter(name: string) {
      log(`${name} got ${await queue.get()}`);
    }

    const tasks = ["a", "b", "c"].map((name) => createTask(() => getter(name)));
    await sleep(0);
    queue.putNowait(1);
    // It has been woken already: what it would have got goes to the next.
    tasks[0]!.cancel();
    log(`size ${queue.qsize()}`);
    await sleep(0);
    await sleep(0);
    log(`size ${queue.qsize()}`);
    queue.putNowait(2);
    await gather(tasks, { returnExceptions: true });
    log(`size ${queue.qsize()}`);
  },
);

testOrder(
  "queue_with_a_bound",
  [
    "put 0",
    "put 1",
    "got 0",
    "got 1",
    "put 2",
    "put 3",
    "all done",
    "got 2",
    "got 3",
    "put 4",
    "got 4",
  ],
  async (log) => {
    const queue = new Queue<number>(2);

    async function producer() {
      for (let i = 0; i < 5; i++) {
        await queue.put(i);
        log(`put ${i}`);
      }
    }

    async function consumer() {
      for (let i = 0; i < 5; i++) {
        log(`got ${await queue.get()}`);
        queue.taskDone();
      }
    }

    async function joiner() {
      await queue.join();
      log("all done");
    }

    await gather([producer, joiner, consumer]);
  },
);

testOrder(
  "queue_shut_down",
  ["put 0", "cannot put 1", "cannot put 2", "a got 0", "b cannot get"],
  async (log) => {
    const queue = new Queue<number>(1);

    async function put(i: number) {
      try {
        await queue.put(i);
        log(`put ${i}`);
      } catch (error) {
        if (!(error instanceof QueueShutDown)) throw error;
        log(`cannot put ${i}`);
      }
    }

    async function get(name: string) {
      try {
        log(`${name} got ${await queue.get()}`);
      } catch (error) {
        if (!(error instanceof QueueShutDown)) throw error;
        log(`${name} cannot get`);
      }
    }

    const putters = [0, 1, 2].map((i) => createTask(() => put(i)));
    await sleep(0);
    queue.shutdown();
    const getters = ["a", "b"].map((name) => createTask(() => get(name)));
    await gather([...putters, ...getters]);
  },
);

testOrder(
  "barrier_order",
  [
    "a comes",
    "b comes",
    "b was number 1",
    "c comes",
    "d comes",
    "a was number 0",
    "d was number 1",
    "c was number 0",
  ],
  async (log) => {
    const barrier = new Barrier(2);

    async function work(name: string) {
      log(`${name} comes`);
      log(`${name} was number ${await barrier.wait()}`);
    }

    await gather(["a", "b", "c", "d"].map((name) => () => work(name)));
  },
);
