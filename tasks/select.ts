// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../loop/core/errors.ts";
import {
  doneOperationOf,
  failureOf,
  Future,
  homeOf,
  mapResult,
  observe,
  type OperationKind,
  type Settlement,
  settleNow,
  thrownBy,
  unobserve,
  withCancellation,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
  sink,
  type Source,
  source,
} from "../loop/core/primitive_future.ts";
import { currentScheduler, type Scheduler } from "../loop/core/scheduler.ts";
import { callingTask } from "../loop/core/task.ts";
import { isInstance, propertyOf } from "../loop/core/unknown_value.ts";
import { wrongType } from "../loop/core/validate.ts";
// Type-only import: tasks/ does not load queues.
import type { Queue } from "../queues/queue.ts";

/**
 * What {@linkcode select} can wait for: a `Queue` or `Subscription` (the next item), a `Lock` or `Semaphore` (a guard),
 * an `Event`, a `Watched` (the next value that is set), a `Future` or `Task` (its result), `after()` and `putting()`.
 *
 * @typeParam T The type of the value.
 *
 * @category Waiting for several
 */
export type Selectable<T = unknown> = Future<T> | SelectableObject<T>;

/**
 * What {@linkcode select} can take from.
 *
 * @typeParam T The type of the value.
 *
 * @category Waiting for several
 */
export interface SelectableObject<T = unknown> {
  /** @ignore */
  [source](): Source<T>;
}

/**
 * The type of the value that {@linkcode select} takes from a source.
 *
 * @typeParam S The type of the source.
 *
 * @category Waiting for several
 */
export type SelectedValue<S> = S extends Future<infer T> ? T
  : S extends SelectableObject<infer T> ? T
  : never;

/**
 * What {@linkcode select} gives: the key of a source and its value.
 *
 * @typeParam S The type of the sources.
 *
 * @category Waiting for several
 */
export type Selected<S> = {
  [K in keyof S & string]: {
    /** The key of the source. */
    readonly key: K;
    /** The value that was taken from it. */
    readonly value: SelectedValue<S[K]>;
  };
}[keyof S & string];

/**
 * Waits for several things and takes exactly one: an item, a lock, a result. If several are ready at once, it takes
 * the first in the order given. If one is ready already, it does not yield.
 *
 * Where other tasks wait for the same, `select()` waits in line with them; what it does not choose goes to the next.
 * Futures and tasks are only watched: they are not cancelled. Of a `Watched` it takes the next value that is set; in a
 * loop, `watched.watch()` misses none.
 *
 * Cancel safe: if the awaiting task is cancelled, nothing is taken.
 *
 * @typeParam S The type of the sources.
 * @param sources The sources, by the keys that tell them apart.
 * @returns A future of the key and the value of the source that was chosen.
 * @throws {RangeError} If there is no source.
 * @throws {TypeError} If a source is something else, such as `queue.get()` instead of the queue: an operation that has
 * begun takes its item whether or not it is chosen.
 * @throws {RuntimeError} At the `await`, if a source is bound to another loop.
 * @throws At the `await`, the error of a source that fails or is shut down.
 *
 * @example Work until told to stop, or idle for too long
 * ```ts
 * import { after, Event, Queue, run, select } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const queue = new Queue<string>();
 *   const stop = new Event();
 *   const done: string[] = [];
 *   for (const job of ["a", "b"]) queue.putNowait(job);
 *   while (true) {
 *     const won = await select({ stop, job: queue, idle: after(0.01) });
 *     if (won.key !== "job") break;
 *     done.push(won.value.toUpperCase());
 *   }
 *   assertEquals(done, ["A", "B"]);
 * });
 * ```
 *
 * @category Waiting for several
 */
export function select<S extends Readonly<Record<string, Selectable>>>(
  sources: S,
): Future<Selected<S>> {
  assertSources(sources);
  const selection = new Selection(currentScheduler());
  for (const key of Object.keys(sources)) {
    selection.add(key, sourceOf(key, sources[key]));
  }
  return selection.begin() as Future<Selected<S>>;
}

function assertSources(sources: unknown): void {
  if (typeof sources !== "object" || sources === null) {
    throw wrongType(
      "The sources of select()",
      "an object, as in select({ job: queue })",
      sources,
    );
  }
  if (Object.keys(sources).length > 0) return;
  throw new RangeError(
    "The sources of select() must be one or more: received none",
  );
}

function sourceOf(key: string, value: unknown): Source {
  const what = `The source ${JSON.stringify(key)} of select()`;
  if (isInstance<Future>(value, Future)) {
    const { name, selectInstead } = operationOf(value) ?? {};
    if (selectInstead === undefined) return watching(value);
    throw new TypeError(
      `${what} must be ${selectInstead}: received the future of ${name}`,
    );
  }
  if (typeof propertyOf(value, source) === "function") {
    return (value as SelectableObject)[source]();
  }
  throw wrongType(
    what,
    "a queue, a subscription, a watched value, an event, a lock, a semaphore, a future, after() or putting()",
    value,
  );
}

/** Returns the kind of operation that a future is of, or `null`. */
function operationOf(future: Future): OperationKind | null {
  return isInstance(future, PrimitiveFuture)
    ? future.behavior
    : doneOperationOf(future);
}

/** A call of `select()`. */
class Selection {
  readonly #operation: PrimitiveFuture<unknown, Selection>;
  /** The operations on the sources, in the order given. */
  readonly #alternatives: Alternative[] = [];
  /** How many of them wait. */
  #waiting = 0;

  constructor(scheduler: Scheduler) {
    this.#operation = new PrimitiveFuture(scheduler, SELECT, this);
  }

  add(key: string, source: Source): void {
    this.#alternatives.push(new Alternative(this.#operation, key, source));
  }

  /** Takes from the first source that is ready, or waits for all. */
  begin(): Future<unknown> {
    const operation = this.#operation as Future<unknown>;
    const settlement = this.#beginAll();
    if (settlement !== null) settleNow(operation, settlement);
    return operation;
  }

  #beginAll(): Settlement | null {
    try {
      for (const each of this.#alternatives) {
        const settlement = each.begin();
        if (settlement !== null) return this.#choose(each, settlement);
        this.#waiting++;
      }
      return null;
    } catch (error) {
      this.#end(null);
      return withError(error);
    }
  }

  /** Takes from the first source that was woken and is still ready. */
  pollWoken(): Settlement | null {
    for (let i = 0; i < this.#waiting; i++) {
      const each = this.#alternatives[i]!;
      const settlement = each.poll();
      if (settlement !== null) return this.#choose(each, settlement);
    }
    return null;
  }

  #choose(chosen: Alternative, settlement: Settlement): Settlement {
    this.#end(chosen);
    const { key } = chosen;
    return mapResult(settlement, (value) => ({ key, value }));
  }

  /** Called when the operation is cancelled. */
  withdraw(): void {
    for (const each of this.#alternatives) each.withdraw();
  }

  /** Called when it is cancelled, in its turn. */
  handBack(): void {
    this.#end(null);
  }

  /** Ends the alternatives that were not chosen; what they were granted goes to the next waiters. */
  #end(chosen: Alternative | null): void {
    for (let i = 0; i < this.#waiting; i++) {
      const each = this.#alternatives[i]!;
      if (each !== chosen) each.handBack();
    }
    this.#waiting = 0;
  }
}

const SELECT: PrimitiveBehavior<unknown, Selection> = {
  name: "select()",
  poll: (selection) => selection.pollWoken(),
  onCancelled: (selection) => selection.withdraw(),
  handBack: (selection) => selection.handBack(),
};

/** The operation of `select()` on a source: the source's own operation, except that it wakes the selection. */
class Alternative extends PrimitiveFuture<unknown> {
  readonly key: string;
  readonly #subject: never;
  readonly #selection: PrimitiveFuture<unknown, Selection>;
  #isWoken = false;
  #isWithdrawn = false;

  constructor(
    selection: PrimitiveFuture<unknown, Selection>,
    key: string,
    source: Source,
  ) {
    super(
      homeOf(selection),
      source.behavior as PrimitiveBehavior<unknown, unknown>,
      source.subject,
    );
    this.key = key;
    this.#subject = source.subject as never;
    this.#selection = selection;
  }

  override wake(): void {
    if (this.#isWithdrawn) return;
    this.#isWoken = true;
    this.#selection.wake();
  }

  /** Takes if that takes no wait; otherwise waits. */
  begin(): Settlement | null {
    const { behavior } = this;
    return (behavior.begin ?? behavior.poll)(this.#subject, this);
  }

  /** Takes, if it was woken and what woke it is still there. */
  poll(): Settlement | null {
    if (!this.#isWoken) return null;
    const settlement = this.behavior.poll(this.#subject, this);
    if (settlement === null) this.#isWoken = false;
    return settlement;
  }

  /** Stops waiting, unless it was woken. */
  withdraw(): void {
    if (this.#isWithdrawn) return;
    this.#isWithdrawn = true;
    if (!this.#isWoken) this.behavior.onCancelled(this.#subject, this);
  }

  /** Ends; what it was granted goes to the next waiter. */
  handBack(): void {
    this.withdraw();
    this.behavior.handBack(this.#subject, this, this.#isWoken);
  }
}

/** A future that `select()` watches. */
interface Watch {
  readonly future: Future<unknown>;
  /** The callback that is registered with the future. */
  onDone: () => void;
}

function watching(future: Future<unknown>): Source {
  return { behavior: WATCH, subject: { future, onDone() {} } };
}

const WATCH: PrimitiveBehavior<unknown, Watch> = {
  name: "select()",
  begin(watch, alternative) {
    const { future } = watch;
    if (homeOf(future) !== homeOf(alternative)) {
      throw new RuntimeError(
        "Cannot await a future that belongs to another event loop",
      );
    }
    if (future.done()) return outcomeOf(future);
    watch.onDone = () => alternative.wake();
    observe(future, watch.onDone, callingTask());
    return null;
  },
  poll: ({ future }) => outcomeOf(future),
  onCancelled: ({ future, onDone }) => unobserve(future, onDone),
  handBack() {},
};

function outcomeOf(future: Future<unknown>): Settlement {
  if (future.cancelled()) {
    return withCancellation(thrownBy(future) as Error as never);
  }
  return failureOf(future) === undefined
    ? withResult(future.result())
    : withError(thrownBy(future));
}

/**
 * Returns a source for `select()` that puts an item into a queue when there is room, if it is chosen.
 *
 * @typeParam T The type of the item.
 * @param queue The queue.
 * @param item The item.
 * @returns The source.
 * @throws {TypeError} If `queue` is not a queue.
 *
 * @example Usage
 * ```ts
 * import { after, putting, Queue, select } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new Queue<string>(1);
 * const sources = { put: putting(queue, "job"), full: after(0.001) };
 * assertEquals((await select(sources)).key, "put");
 * assertEquals((await select(sources)).key, "full");
 * assertEquals(queue.qsize(), 1);
 * ```
 *
 * @category Waiting for several
 */
export function putting<T>(queue: Queue<T>, item: T): Selectable<void> {
  if (typeof propertyOf(queue, sink) !== "function") {
    throw wrongType("The queue of putting()", "a Queue", queue);
  }
  return { [source]: () => queue[sink](item) };
}
