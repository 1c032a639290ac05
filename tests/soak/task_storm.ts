// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  asCompleted,
  CancelledError,
  createTask,
  currentTask,
  Event,
  ExceptionGroup,
  FIRST_COMPLETED,
  Future,
  gather,
  getRunningLoop,
  Lock,
  Queue,
  shield,
  sleep,
  type Task,
  taskGroup,
  timeout,
  TimeoutError,
  wait,
  waitFor,
} from "../../mod.ts";
import type { Activity } from "./activities.ts";
import { moment } from "./chance.ts";

/** How deep and how wide a program is. */
const MAX_DEPTH = 4;
const MAX_TASKS = 40;

/** How often the tasks of a program are cancelled until they have ended. */
const MAX_ROUNDS = 100;

/** Random programs of tasks that await, cancel and outlive each other; none may outlive its program. */
export const taskStorm: Activity = {
  name: "task storm",
  count: 12,
  within: 0.05,
  isExpected: isOfStorm,
  work: () => new Storm().run(),
};

/** The error that a program throws on purpose. */
class Boom extends Error {}

/** One random program. */
class Storm {
  readonly #tasks: Task<unknown>[] = [];
  readonly #lock = new Lock();
  readonly #event = new Event();
  readonly #queue = new Queue<number>(2);
  /** How many bodies have begun and not ended. */
  #running = 0;

  async run(): Promise<void> {
    try {
      await this.#anything(0);
      await wait([this.#spawn(0)]);
      if (Math.random() < 0.1) throw new Boom();
    } finally {
      await this.#end();
    }
  }

  /** Every task that was begun ends, and what it held is free. */
  async #end(): Promise<void> {
    await this.#cancelAll();
    const free = await waitFor(this.#lock.acquire(), 1);
    free[Symbol.dispose]();
    for (const task of this.#tasks) {
      const error = task.cancelled() ? null : task.exception();
      if (error !== null && !isOfStorm(error)) throw error;
    }
    if (this.#running > 0) {
      throw new Error(`${this.#running} tasks ended without their clean-up`);
    }
  }

  /** Tells them again and again: a task may swallow it once, and begin others. */
  async #cancelAll(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const left = this.#tasks.filter((task) => !task.done());
      if (left.length === 0) return;
      for (const task of left) task.cancel();
      await wait(left, { timeout: 0.1 });
    }
    throw new Error("A program of tasks does not end");
  }

  /** A task of the program. */
  #spawn(depth: number, body = () => this.#body(depth)): Task<unknown> {
    const task = createTask(body);
    this.#tasks.push(task);
    // Even if the program is cancelled while it cleans up.
    task.addDoneCallback(() => task.cancelled() || task.exception());
    return task;
  }

  #spawnSome(depth: number): Task<unknown>[] {
    return Array.from(
      { length: Math.ceil(4 * Math.random()) },
      () => this.#spawn(depth),
    );
  }

  async #body(depth: number): Promise<void> {
    this.#running++;
    try {
      for (let i = 0; i < 3; i++) await this.#anything(depth + 1);
    } catch (error) {
      // A few swallow what they are told.
      if (Math.random() < 0.9) throw error;
    } finally {
      try {
        if (Math.random() < 0.3) await sleep(moment(0.002));
      } finally {
        this.#running--;
      }
    }
  }

  async #anything(depth: number): Promise<unknown> {
    const isLeaf = depth >= MAX_DEPTH || this.#tasks.length >= MAX_TASKS;
    const ways = isLeaf ? this.#leaves : [...this.#leaves, ...this.#branches];
    return await ways[Math.floor(ways.length * Math.random())]!(depth);
  }

  readonly #leaves: readonly ((depth: number) => unknown)[] = [
    () => sleep(0),
    () => sleep(moment(0.01)),
    () => new Promise((resolve) => setTimeout(resolve, 1)),
    () => Deno.stat("."),
    () => this.#queue.full() ? this.#queue.get() : this.#queue.put(1),
    () => waitFor(this.#event.wait(), moment(0.01)).catch(ignoreTimeout),
    () => this.#event.isSet() ? this.#event.clear() : this.#event.set(),
    async () => {
      using _ = await this.#lock.acquire();
      await sleep(moment(0.001));
    },
    () => this.#tasks[Math.floor(this.#tasks.length * Math.random())]?.cancel(),
    () => Math.random() < 0.2 && currentTask()!.cancel(),
    () => {
      if (Math.random() < 0.2) throw new Boom();
    },
    () => {
      const future = new Future<void>();
      getRunningLoop().callLater(moment(0.005), () => {
        if (!future.done()) future.setResult();
      });
      return future;
    },
  ];

  readonly #branches: readonly ((depth: number) => unknown)[] = [
    (depth) => gather(this.#spawnSome(depth)),
    (depth) => gather(this.#spawnSome(depth), { returnExceptions: true }),
    // One that fails after it was given up would be reported.
    (depth) =>
      shield(this.#spawn(depth, () => this.#body(depth).catch(() => {}))),
    (depth) => wait(this.#spawnSome(depth), { returnWhen: FIRST_COMPLETED }),
    (depth) => wait(this.#spawnSome(depth), { timeout: moment(0.01) }),
    (depth) => this.#spawn(depth),
    (depth) => waitFor(this.#spawn(depth), moment(0.01)).catch(ignoreTimeout),
    (depth) =>
      timeout(moment(0.01), () => this.#body(depth)).catch(ignoreTimeout),
    (depth) =>
      taskGroup((group) => {
        for (let i = 0; i < 3; i++) group.createTask(() => this.#body(depth));
        return Math.random() < 0.5 ? this.#anything(depth + 1) : null;
      }),
    async (depth) => {
      const tasks = this.#spawnSome(depth);
      for await (const future of asCompleted(tasks, { timeout: 0.02 })) {
        if (!future.cancelled()) future.exception();
      }
    },
    async (depth) => {
      // Not Promise.all(), which would leave the other behind when the first fails.
      const [one, other] = await Promise.allSettled([
        this.#spawn(depth),
        this.#anything(depth + 1),
      ]);
      if (one.status === "rejected") throw one.reason;
      if (other.status === "rejected") throw other.reason;
    },
  ];
}

function ignoreTimeout(error: unknown): void {
  if (!(error instanceof TimeoutError)) throw error;
}

function isOfStorm(error: unknown): boolean {
  return error instanceof Boom || error instanceof TimeoutError ||
    error instanceof CancelledError ||
    (error instanceof ExceptionGroup && error.exceptions.every(isOfStorm));
}
