// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Awaitable,
  CancelledError,
  type EventLoop,
  type ExceptionContext,
  ExceptionGroup,
  type Future,
  type Handle,
  type Task,
} from "../../loop/mod.ts";
import {
  allTasks,
  asCompleted,
  currentTask,
  gather,
  shield,
  sleep,
  type TaskGroup,
  taskGroup,
  type Timeout,
  timeout,
  wait,
  waitFor,
} from "../../tasks/mod.ts";
import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  Lock,
  Semaphore,
} from "../../sync/mod.ts";
import { LifoQueue, PriorityQueue, Queue } from "../../queues/mod.ts";
import type {
  AwaitingStatement,
  Block,
  ImmediateStatement,
  Op,
  Program,
  Statement,
} from "./program.ts";
import { HangError, VirtualTimeLoop } from "../../testing/mod.ts";

const ROUNDS = 60;
const HORIZON = 500;

class Boom extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Boom";
  }
}

/** The surroundings of a statement in its task. */
interface Frame {
  readonly group: TaskGroup | null;
  readonly scope: Timeout | null;
  readonly conditions: readonly number[];
}

const OUTERMOST: Frame = { group: null, scope: null, conditions: [] };

/** Awaits something. */
type Awaiting = <T>(awaited: PromiseLike<T>) => PromiseLike<T>;

/** Ways of awaiting that are all the same to a program. */
const STYLES = {
  plain: (awaited) => awaited,
  nested: async (awaited) => await awaited,
  resolved: (awaited) => Promise.resolve(awaited),
  then: (awaited) => awaited.then((value) => value),
  all: <T>(awaited: PromiseLike<T>) =>
    Promise.all([awaited]).then(([value]) => value!),
  /** With awaits that tell the scheduler nothing, in the middle of steps. */
  hopping: async (awaited) => {
    await null;
    try {
      return await awaited;
    } finally {
      await null;
      await Promise.resolve();
    }
  },
  race: <T>(awaited: PromiseLike<T>) => Promise.race([awaited]),
} satisfies Record<string, Awaiting>;

/** The name of a way of awaiting. */
export type Style = keyof typeof STYLES;

/** The names of all ways of awaiting. */
export const STYLE_NAMES = Object.keys(STYLES) as Style[];

type ImmediateOp = ImmediateStatement["op"];
type AwaitingOp = AwaitingStatement["op"];

/** A statement by its name. */
type Of<O extends Op> = Extract<Statement, { op: O }>;

/** The log entry of a statement; nothing if it has none. */
type Report = string | number | void;

/** The statements of a kind: a table, so that the compiler sees that none is missing. */
type Table<O extends Op, R> = {
  [K in O]: (statement: Of<K>, frame: Frame) => R;
};

/**
 * Runs a program on a loop with a virtual clock.
 *
 * @param program The program.
 * @param style How the interpreter awaits; nothing in the trace depends on it.
 * @returns The trace.
 */
export async function interpret(
  program: Program,
  style: Style = "plain",
): Promise<string[]> {
  const loop = new VirtualTimeLoop();
  const interpreter = new Interpreter(program, loop, STYLES[style]);
  loop.setExceptionHandler((_, context) => interpreter.onException(context));
  let hangs = false;
  try {
    await loop.runUntilComplete(() => interpreter.drive(program.roots));
  } catch (error) {
    if (!(error instanceof HangError)) throw error;
    hangs = true;
  }
  loop.close();
  const trace = interpreter.takeTrace();
  if (hangs) trace.push("hangs");
  return trace;
}

class Interpreter {
  readonly #style: Awaiting;
  readonly #program: Program;
  readonly #loop: EventLoop;
  #trace: string[] = [];
  #timers = 0;
  readonly #made: string[] = [];
  readonly #latest = new Map<number, Task<unknown>>();
  readonly #futures: Future<number>[];
  readonly #locks: Lock[];
  readonly #semaphores: Semaphore[];
  readonly #events: Event[];
  readonly #conditions: Condition[];
  readonly #barriers: Barrier[];
  readonly #queues: Queue<number>[];
  readonly #handles: (Handle | null)[];
  readonly #gathers: (Future<unknown> | null)[];

  constructor(program: Program, loop: EventLoop, style: Awaiting) {
    this.#style = style;
    this.#program = program;
    this.#loop = loop;
    this.#futures = times(
      program.futures,
      () => loop.createFuture<number>(),
    );
    this.#locks = times(program.locks, () => new Lock());
    this.#semaphores = program.semaphores.map((value, i) =>
      i % 2 === 1 ? new BoundedSemaphore(value) : new Semaphore(value)
    );
    this.#events = times(program.events, () => new Event());
    this.#conditions = times(
      program.conditions,
      () =>
        program.sharedLock ? new Condition(this.#locks[0]) : new Condition(),
    );
    this.#barriers = program.barriers.map((parties) => new Barrier(parties));
    this.#queues = program.queues.map(({ kind, maxSize }) =>
      kind === "fifo"
        ? new Queue(maxSize)
        : kind === "lifo"
        ? new LifoQueue(maxSize)
        : new PriorityQueue(maxSize)
    );
    this.#handles = times(program.handles, () => null);
    this.#gathers = times(program.gathers, () => null);
  }

  /** Starts the program, and cancels what is left when nothing happens any more. */
  async drive(roots: number): Promise<void> {
    const self = currentTask()!;
    self.setName("driver");
    for (let number = 0; number < roots; number++) this.#spawn(number, null);
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(HORIZON);
      const left = [...allTasks()].filter((task) => task !== self);
      if (left.length === 0) break;
      left.sort((a, b) => this.#orderOf(a) - this.#orderOf(b));
      this.#log(`cancels ${left.map((task) => task.getName()).join(" ")}`);
      for (const task of left) task.cancel(`round ${round}`);
    }
    this.#logState();
  }

  onException({ handle, exception }: ExceptionContext): void {
    if (handle !== undefined) this.#log(`handler: ${describe(exception)}`);
  }

  /** The trace so far; what comes later does not show in it. */
  takeTrace(): string[] {
    const trace = this.#trace;
    this.#trace = [];
    return trace;
  }

  #log(text: string): void {
    const name = currentTask()?.getName() ?? "-";
    this.#trace.push(`${Math.floor(this.#loop.time())} ${name} ${text}`);
  }

  /** No two timers are due at the same time, since asyncio keeps no order among such. */
  #delay(units: number): number {
    if (units <= 0) return units;
    const odd = 2 * this.#timers++ + 1;
    const square = Math.imul(odd, odd);
    const scattered = Math.imul(Math.imul(square, square), odd) >>> 0;
    return units + scattered / 2 ** 36;
  }

  #limit(units: number | null): number | null {
    return units === null ? null : this.#delay(units);
  }

  #newName(number: number): string {
    let name = `T${number}`;
    const count =
      this.#made.filter((made) => made === name || made.startsWith(`${name}.`))
        .length;
    if (count > 0) name += `.${count}`;
    this.#made.push(name);
    return name;
  }

  #spawn(number: number, group: TaskGroup | null): Task<string> {
    const name = this.#newName(number);
    const task = (group ?? this.#loop).createTask(
      () => this.#runTask(number, name),
      { name },
    );
    this.#latest.set(number, task);
    return task;
  }

  async #runTask(number: number, name: string): Promise<string> {
    const task = currentTask()!;
    task.setName(name);
    this.#latest.set(number, task);
    this.#log("starts");
    try {
      await this.#run(this.#program.tasks[number]!, OUTERMOST);
    } catch (error) {
      this.#log(`ends with ${describe(error)}`);
      throw error;
    }
    this.#log("ends");
    return name;
  }

  async #run(block: Block, frame: Frame): Promise<void> {
    for (const statement of block) await this.#step(statement, frame);
  }

  async #nest(depth: number, block: Block, frame: Frame): Promise<void> {
    if (depth === 0) await this.#run(block, frame);
    else await this.#nest(depth - 1, block, frame);
  }

  async #step(statement: Statement, frame: Frame): Promise<void> {
    if (this.#stepNow(statement, frame)) return;
    const { op } = statement;
    const perform = this.#awaiting[op as AwaitingOp];
    this.#log(`${op} ...`);
    const report = await perform(statement as never, frame);
    this.#log(report === undefined ? `${op} done` : `${op} done: ${report}`);
  }

  #runNow(block: Block): void {
    for (const statement of block) this.#stepNow(statement, OUTERMOST);
  }

  /** Does a statement that awaits nothing; returns whether it was one. */
  #stepNow(statement: Statement, frame: Frame): boolean {
    const { op } = statement;
    const perform = this.#immediate[op as ImmediateOp];
    if (perform === undefined) return false;
    let report: Report;
    try {
      report = perform(statement as never, frame);
    } catch (error) {
      if (error instanceof Boom || error instanceof CancelledError) throw error;
      this.#log(`${op} fails: ${describe(error)}`);
      return true;
    }
    this.#log(report === undefined ? op : `${op}: ${report}`);
    return true;
  }

  #onDone(label: string, future: Future<unknown>, block: Block): void {
    future.addDoneCallback(() => {
      this.#log(`${label} is done: ${stateOf(future)}`);
      this.#runNow(block);
    });
  }

  /** The result of a task. */
  async #readTask(
    task: Task<unknown>,
    result: PromiseLike<unknown>,
  ): Promise<string> {
    try {
      return String(await this.#style(result));
    } catch (error) {
      if (!(error instanceof CancelledError && task.cancelled())) throw error;
      // asyncio hands the message to the first reader only.
      throw new CancelledError("from a task");
    }
  }

  readonly #immediate: Table<ImmediateOp, Report> = {
    log: ({ text }) => text,
    raise: ({ message }) => {
      this.#log("raises");
      throw new Boom(message);
    },
    raiseCancelled: ({ message }) => {
      this.#log("raises");
      throw new CancelledError(message);
    },
    setResult: ({ future, value }) => this.#futures[future]!.setResult(value),
    setException: ({ future, message }) =>
      this.#futures[future]!.setException(new Boom(message)),
    setCancelledError: ({ future, message }) =>
      this.#futures[future]!.setException(new CancelledError(message)),
    cancelFuture: ({ future, message }) =>
      cancel(this.#futures[future]!, message),
    cancelTask: ({ task, message }) => {
      const target = this.#latest.get(task);
      if (target === undefined) return "no such task";
      return `${cancel(target, message)} ${target.cancelling()}`;
    },
    cancelSelf: ({ message }) => {
      const task = currentTask();
      return task === null ? "no task" : cancel(task, message);
    },
    cancelGather: (statement) => {
      const target = this.#gathers[statement.gather];
      return target ? cancel(target, statement.message) : "no gather";
    },
    cancelling: () => currentTask()?.cancelling() ?? "no task",
    uncancel: () => currentTask()?.uncancel() ?? "no task",
    spawn: ({ task }) => this.#spawn(task, null).getName(),
    spawnInGroup: ({ task }, { group }) =>
      group === null ? "no group" : this.#spawn(task, group).getName(),
    callSoon: ({ body, handle }) => {
      this.#handles[handle] = this.#loop.callSoon(() => this.#runNow(body));
    },
    callLater: ({ delay, body, handle }) => {
      this.#handles[handle] = this.#loop.callLater(
        this.#delay(delay),
        () => this.#runNow(body),
      );
    },
    cancelHandle: ({ handle }): Report => {
      const target = this.#handles[handle];
      if (!target) return "no handle";
      target.cancel();
    },
    onFutureDone: ({ future, body }) =>
      this.#onDone("future", this.#futures[future]!, body),
    onTaskDone: ({ task, body }): Report => {
      const target = this.#latest.get(task);
      if (target === undefined) return "no such task";
      this.#onDone("task", target, body);
    },
    release: ({ lock }) => this.#locks[lock]!.release(),
    releaseSemaphore: ({ semaphore }) => this.#semaphores[semaphore]!.release(),
    set: ({ event }) => this.#events[event]!.set(),
    clear: ({ event }) => this.#events[event]!.clear(),
    notify: ({ condition, count }) =>
      this.#conditions[condition]!.notify(count),
    putNowait: ({ queue, value }) => this.#queues[queue]!.putNowait(value),
    getNowait: ({ queue }) => this.#queues[queue]!.getNowait(),
    taskDone: ({ queue }) => this.#queues[queue]!.taskDone(),
    shutdown: ({ queue, immediate }) =>
      this.#queues[queue]!.shutdown(immediate),
    reschedule: ({ delay }, { scope }): Report => {
      if (scope === null) return "no timeout";
      scope.reschedule(
        delay === null ? null : this.#loop.time() + this.#delay(delay),
      );
    },
  };

  readonly #awaiting: Table<AwaitingOp, Promise<Report>> = {
    sleep: async ({ delay }) => await this.#style(sleep(this.#delay(delay))),
    spin: async ({ times }) => {
      for (let i = 0; i < times; i++) await this.#style(sleep(0));
    },
    awaitFuture: async ({ future }) =>
      await this.#style(this.#futures[future]!),
    awaitTask: async (statement) => {
      const task = this.#latest.get(statement.task);
      if (task === undefined) return "no such task";
      return await this.#readTask(task, task);
    },
    shield: async (statement) => {
      const task = this.#latest.get(statement.task);
      if (task === undefined) return "no such task";
      return await this.#readTask(task, shield(task));
    },
    wait: async ({ targets, timeout, returnWhen }) => {
      const tasks = new Set(
        targets.map((target) => this.#latest.get(target))
          .filter((task) => task !== undefined),
      );
      if (tasks.size === 0) return "no such task";
      const [done, pending] = await this.#style(
        wait(tasks, { timeout: this.#limit(timeout), returnWhen }),
      );
      return `${this.#namesOf(done)}; ${this.#namesOf(pending)}`;
    },
    asCompleted: async ({ children, timeout }) => {
      const tasks = children.map((child) => this.#spawn(child, null));
      const results: string[] = [];
      const all = asCompleted(tasks, { timeout: this.#limit(timeout) });
      try {
        for (const next of all) results.push(await this.#style(next));
      } catch (error) {
        const isOfTask = error instanceof CancelledError &&
          tasks.some((task) => task.cancelled());
        throw isOfTask ? new CancelledError("from a task") : error;
      }
      return results.join(" ");
    },
    nest: ({ depth, body }, frame) => this.#nest(depth, body, frame),
    repeat: async ({ times, body }, frame) => {
      for (let i = 0; i < times; i++) await this.#run(body, frame);
    },
    tryCancelled: async (
      { body, handler, then },
      frame,
    ): Promise<Report> => {
      try {
        await this.#run(body, frame);
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
        this.#log(`catches ${describe(error)}`);
        await this.#run(handler, frame);
        if (then === "raise") throw error;
        if (then === "replace") throw new CancelledError("replaced");
        if (then === "uncancel") return currentTask()!.uncancel();
      }
    },
    tryError: async ({ body, handler }, frame) => {
      try {
        await this.#run(body, frame);
      } catch (error) {
        if (error instanceof CancelledError) throw error;
        this.#log(`catches ${describe(error)}`);
        await this.#run(handler, frame);
      }
    },
    finally: async ({ body, cleanup }, frame) => {
      try {
        await this.#run(body, frame);
      } finally {
        this.#log("cleans up");
        await this.#run(cleanup, frame);
      }
    },
    group: ({ children, body }, frame) =>
      taskGroup(async (group) => {
        for (const child of children) this.#spawn(child, group);
        await this.#run(body, { ...frame, group });
      }),
    gather: async (statement) => {
      const { children, returnExceptions, started } = statement;
      const aws: Awaitable<unknown>[] = started
        ? children.map((child) => this.#spawn(child, null))
        : children.map((child) => {
          const name = this.#newName(child);
          return () => this.#runTask(child, name);
        });
      const futures = statement.futures.map((future) => this.#futures[future]!);
      const target = gather([...aws, ...futures], {
        returnExceptions,
      });
      this.#gathers[statement.gather] = target;
      try {
        const results: unknown[] = await this.#style<unknown[]>(target);
        return `[${results.map(describeResult).join(", ")}]`;
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
        // asyncio takes the message from whichever child was last.
        throw new CancelledError("from a gather");
      }
    },
    waitFor: async (statement, frame) =>
      await waitFor(
        () => this.#run(statement.body, frame),
        this.#limit(statement.timeout),
      ),
    waitForFuture: async (statement) =>
      await waitFor(
        this.#futures[statement.future]!,
        this.#limit(statement.timeout),
      ),
    waitForTask: async (statement) => {
      const task = this.#latest.get(statement.task);
      if (task === undefined) return "no such task";
      const result = waitFor(task, this.#limit(statement.timeout));
      return await this.#readTask(task, result);
    },
    timeout: async ({ delay, body }, frame) => {
      let scope: Timeout | null = null;
      try {
        await timeout(this.#limit(delay), (inner) => {
          scope = inner;
          return this.#run(body, { ...frame, scope });
        });
      } finally {
        this.#log(`expired: ${scope!.expired()}`);
      }
    },
    acquire: async ({ lock }) => {
      await this.#style(this.#locks[lock]!.acquire());
    },
    withLock: async (statement, frame) => {
      const lock = this.#locks[statement.lock]!;
      if (statement.lock % 2 === 0) {
        using _ = await this.#style(lock.acquire());
        await this.#run(statement.body, frame);
        return;
      }
      await this.#style(lock.acquire());
      try {
        await this.#run(statement.body, frame);
      } finally {
        lock.release();
      }
    },
    acquireSemaphore: async ({ semaphore }) => {
      await this.#style(this.#semaphores[semaphore]!.acquire());
    },
    withSemaphore: async (statement, frame) => {
      const semaphore = this.#semaphores[statement.semaphore]!;
      if (statement.semaphore % 2 === 0) {
        using _ = await this.#style(semaphore.acquire());
        await this.#run(statement.body, frame);
        return;
      }
      await this.#style(semaphore.acquire());
      try {
        await this.#run(statement.body, frame);
      } finally {
        semaphore.release();
      }
    },
    waitEvent: async ({ event }) => {
      await this.#style(this.#events[event]!.wait());
    },
    withCondition: async ({ condition, body }, frame) => {
      using _ = await this.#style(this.#conditions[condition]!.acquire());
      const conditions = [...frame.conditions, condition];
      await this.#run(body, { ...frame, conditions });
    },
    waitCondition: async ({ condition }, { conditions }): Promise<Report> => {
      if (!conditions.includes(condition)) return "not held";
      await this.#style(this.#conditions[condition]!.wait());
    },
    waitConditionFor: async (statement, { conditions }): Promise<Report> => {
      if (!conditions.includes(statement.condition)) return "not held";
      const event = this.#events[statement.event]!;
      await this.#conditions[statement.condition]!.waitFor(() => event.isSet());
    },
    put: async ({ queue, value }) =>
      await this.#style(this.#queues[queue]!.put(value)),
    get: async ({ queue }) => await this.#style(this.#queues[queue]!.get()),
    join: async ({ queue }) => await this.#style(this.#queues[queue]!.join()),
    barrier: async ({ barrier }) =>
      await this.#style(this.#barriers[barrier]!.wait()),
    resetBarrier: async ({ barrier }) => await this.#barriers[barrier]!.reset(),
    abortBarrier: async ({ barrier }) => await this.#barriers[barrier]!.abort(),
  };

  #namesOf(tasks: Iterable<Task<unknown>>): string {
    return [...tasks].sort((a, b) => this.#orderOf(a) - this.#orderOf(b))
      .map((task) => task.getName()).join(" ");
  }

  #orderOf(task: Task<unknown>): number {
    const order = this.#made.indexOf(task.getName());
    return order === -1 ? this.#made.length : order;
  }

  #logState(): void {
    this.#futures.forEach((future, i) => {
      this.#log(`future ${i}: ${stateOf(future)}`);
    });
    for (const [number, task] of this.#latest) {
      const count = task.cancelling();
      this.#log(
        `task ${number} ${task.getName()}: ${
          stateOf(task)
        }, cancelling ${count}`,
      );
    }
    this.#locks.forEach((lock, i) => this.#log(`lock ${i}: ${lock.locked()}`));
    this.#semaphores.forEach((semaphore, i) => {
      this.#log(`semaphore ${i}: ${semaphore.locked()}`);
    });
    this.#queues.forEach((queue, i) => {
      this.#log(`queue ${i}: ${queue.qsize()}`);
    });
    this.#barriers.forEach((barrier, i) => {
      this.#log(`barrier ${i}: ${barrier.nWaiting} ${barrier.broken}`);
    });
  }
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

function cancel(future: Future<unknown>, message: string | null): string {
  return String(message === null ? future.cancel() : future.cancel(message));
}

function stateOf(future: Future<unknown>): string {
  if (!future.done()) return "pending";
  if (future.cancelled()) return "cancelled";
  const error = future.exception();
  return error === null ? String(future.result()) : describe(error);
}

/** The Python names of errors that have another name here. */
const PYTHON_NAMES: Record<string, string> = { RangeError: "ValueError" };

function describe(error: unknown): string {
  if (error instanceof ExceptionGroup) {
    return `ExceptionGroup[${error.exceptions.map(describe).join(", ")}]`;
  }
  if (!(error instanceof Error)) return `no Error: ${error}`;
  const { name, message } = error;
  if (error instanceof Boom || error instanceof CancelledError) {
    return `${name}(${message})`;
  }
  return PYTHON_NAMES[name] ?? name;
}

function describeResult(value: unknown): string {
  if (value instanceof CancelledError) return "CancelledError";
  return value instanceof Error ? describe(value) : String(value);
}
