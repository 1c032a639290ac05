// Copyright 2026 the asyncio for Deno authors. MIT license.

import { propertyOf } from "../loop/core/unknown_value.ts";
import {
  assertBoolean,
  assertCount,
  assertFunction,
  assertOptions,
  hasMethods,
  outOfRange,
  wrongType,
} from "../loop/core/validate.ts";
import { Slots } from "./_slots.ts";

/** Throws unless the value is an iterable or an async iterable. */
function assertSource(caller: string, value: unknown): void {
  if (methodOf(value, Symbol.asyncIterator) !== null) return;
  if (methodOf(value, Symbol.iterator) !== null) return;
  throw wrongType(
    `The items of ${caller}()`,
    "an iterable or an async iterable",
    value,
  );
}

function methodOf(value: unknown, key: symbol): (() => unknown) | null {
  const method = propertyOf(value, key);
  return typeof method === "function" ? method as () => unknown : null;
}

/** The items of an iterable or async iterable, which is opened when the first one is taken. */
export class Source<T> {
  readonly isAsync: boolean;
  readonly #items: Iterable<T> | AsyncIterable<T>;
  #iterator: Iterator<T> | AsyncIterator<T> | null = null;
  /** Whether there is nothing to close: the source has ended or failed by itself. */
  isOver = false;

  constructor(items: Iterable<T> | AsyncIterable<T>) {
    this.#items = items;
    this.isAsync = methodOf(items, Symbol.asyncIterator) !== null;
  }

  /** Takes the next item of a source that is not async. */
  takeNow(): IteratorResult<T> {
    try {
      return this.#taken(this.#open().next() as IteratorResult<T>);
    } catch (error) {
      this.isOver = true;
      throw error;
    }
  }

  /** Takes the next item. A call that is cancelled leaves the source open. */
  async take(): Promise<IteratorResult<T>> {
    return this.isAsync
      ? this.#taken(await this.#open().next())
      : this.takeNow();
  }

  /** Closes the source, unless it has ended. */
  async close(): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    await this.#open().return?.();
  }

  #open(): Iterator<T> | AsyncIterator<T> {
    if (this.#iterator !== null) return this.#iterator;
    const iterator = this.isAsync
      ? (this.#items as AsyncIterable<T>)[Symbol.asyncIterator]()
      : (this.#items as Iterable<T>)[Symbol.iterator]();
    if (typeof propertyOf(iterator, "next") !== "function") {
      this.isOver = true;
      throw wrongType(
        "What the iterator method of the items returns",
        "an iterator",
        iterator,
      );
    }
    return this.#iterator = iterator;
  }

  #taken(result: unknown): IteratorResult<T> {
    if (typeof result !== "object" || result === null) {
      throw wrongType("What next() of the items returns", "an object", result);
    }
    const taken = result as IteratorResult<T>;
    if (taken.done) this.isOver = true;
    return taken;
  }
}

/**
 * Something that limits how many calls run, or how often one begins: a `Semaphore`, a `RateLimiter`, or anything else
 * with an `acquire()`.
 *
 * @category Waiting for several
 */
export interface Limit {
  /** Waits for a permit, which is given back by disposing of it. */
  acquire(): PromiseLike<Disposable>;
}

/**
 * One limit, or several that all apply. A number is the largest number of calls that run at the same time.
 *
 * @category Waiting for several
 */
export type Limits = number | Limit | readonly (number | Limit)[];

/**
 * The options of {@linkcode mapConcurrent}.
 *
 * @category Waiting for several
 */
export interface MapConcurrentOptions {
  /** The limit of the calls: a number, something with an `acquire()`, or an array of these. */
  limit: Limits;
  /** Whether results come in the order of the items, instead of that in which they are ready; `false` by default. */
  ordered?: boolean | undefined;
  /**
   * How many results may wait for the consumer before no further item is taken; by default the limit, if that is a
   * number, and otherwise 16.
   */
  buffer?: number | undefined;
}

/**
 * Calls a function for each of many items, several at a time, and yields the results.
 *
 * The first call begins when the first result is asked for. An item is taken once its permits are there, and its call
 * begins at once, in a copy of the context of the code that asked for the first result. No item is taken while `buffer`
 * results wait, so a slow consumer bounds the memory: the calls that run by then add at most one result each. A rate
 * limiter limits how often a call begins, not how many run: combine it with a number, as in
 * `{ limit: [10, new RateLimiter(5)] }`.
 *
 * The first error is thrown as it is, at once; results that were not taken are dropped. When the loop is left, by an
 * error, by `break` or because its task is cancelled, the calls that run are cancelled and awaited, and the source is
 * closed, before the loop ends. An error in the clean-up of such a call goes to the exception handler.
 *
 * @typeParam T The type of the items.
 * @typeParam R The type of the results.
 * @param items The items.
 * @param fn The function, which receives an item and its index.
 * @param options The limit, the order of the results, and how many may wait.
 * @returns An async iterator over the results; use it with `for await`, or `await using`.
 * @throws {RangeError} If an option is out of range.
 * @throws {TypeError} If an argument is of the wrong type.
 *
 * @example Usage
 * ```ts
 * import { mapConcurrent, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const lengths: number[] = [];
 * const words = ["one", "three", "seventeen"];
 * for await (
 *   const length of mapConcurrent(words, async (word) => {
 *     await sleep(0.001);
 *     return word.length;
 *   }, { limit: 2, ordered: true })
 * ) lengths.push(length);
 * assertEquals(lengths, [3, 5, 9]);
 * ```
 *
 * @category Waiting for several
 */
export function mapConcurrent<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  fn: (item: T, index: number) => R | PromiseLike<R>,
  options: MapConcurrentOptions,
): AsyncIterableIterator<R> & AsyncDisposable {
  assertArguments("mapConcurrent", items, fn, options);
  // Without options, the error names the limit that is missing.
  const { size, limits } = limitsOf("mapConcurrent", options?.limit);
  const { limit, ordered = false } = options;
  const { buffer = typeof limit === "number" ? limit : 16 } = options;
  assertBoolean("The ordered option of mapConcurrent()", ordered);
  assertCount("The buffer option of mapConcurrent()", buffer, 1);
  return new Results(
    new Slots({
      name: "mapConcurrent",
      source: new Source(items),
      fn,
      size,
      limits,
      buffer,
      ordered,
    }),
  );
}

/** Throws unless the arguments of a function over items are right, but for what is in the options. */
function assertArguments(
  caller: string,
  items: unknown,
  fn: unknown,
  options: unknown,
): void {
  assertSource(caller, items);
  assertFunction(`The fn of ${caller}()`, fn);
  assertOptions(caller, options);
}

/** The number of slots, and the other limits. */
function limitsOf(
  caller: string,
  limit: unknown,
): { size: number; limits: readonly Limit[] } {
  const all: readonly unknown[] = Array.isArray(limit) ? limit : [limit];
  if (all.length === 0) {
    throw outOfRange(
      `The limit option of ${caller}()`,
      "at least one limit",
      limit,
    );
  }
  let size = Infinity;
  const limits: Limit[] = [];
  for (const each of all) {
    if (typeof each === "number") {
      assertCount(`The limit option of ${caller}()`, each, 1);
      size = Math.min(size, each);
    } else if (isLimit(each)) {
      limits.push(each);
    } else {
      throw wrongType(
        `The limit option of ${caller}()`,
        "a number, something with an acquire(), or an array of these",
        each,
      );
    }
  }
  return { size, limits };
}

function isLimit(value: unknown): value is Limit {
  return hasMethods(value, "acquire") ||
    typeof value === "function" &&
      typeof propertyOf(value, "acquire") === "function";
}

/** The iterator. It begins when it is first asked for a result. */
class Results<T, R> implements AsyncIterableIterator<R>, AsyncDisposable {
  readonly #slots: Slots<T, R>;

  constructor(slots: Slots<T, R>) {
    this.#slots = slots;
  }

  next(): Promise<IteratorResult<R, undefined>> {
    return this.#slots.next();
  }

  async return(value?: unknown): Promise<IteratorResult<R, undefined>> {
    await this.#slots.end();
    return { done: true, value: value as undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#slots.end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/**
 * The options of {@linkcode forEachConcurrent}.
 *
 * @category Waiting for several
 */
export interface ForEachConcurrentOptions {
  /** The limit of the calls: a number, something with an `acquire()`, or an array of these. */
  limit: Limits;
}

/**
 * Calls a function for each of many items, several at a time, where no result is wanted. Otherwise as
 * `mapConcurrent()`.
 *
 * The first error is thrown as it is. Before that, and when the awaiting task is cancelled, the calls that run are
 * cancelled and awaited, and the source is closed.
 *
 * @typeParam T The type of the items.
 * @param items The items.
 * @param fn The function, which receives an item and its index.
 * @param options The limit.
 * @throws {RangeError} If the limit is out of range.
 * @throws {TypeError} If an argument is of the wrong type.
 *
 * @example Usage
 * ```ts
 * import { forEachConcurrent, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const done: number[] = [];
 * await forEachConcurrent([3, 1, 2], async (n) => {
 *   await sleep(n / 1000);
 *   done.push(n);
 * }, { limit: 3 });
 * assertEquals(done.length, 3);
 * ```
 *
 * @category Waiting for several
 */
export async function forEachConcurrent<T>(
  items: Iterable<T> | AsyncIterable<T>,
  fn: (item: T, index: number) => unknown,
  options: ForEachConcurrentOptions,
): Promise<void> {
  const name = "forEachConcurrent";
  assertArguments(name, items, fn, options);
  await new Slots({
    name,
    source: new Source(items),
    fn,
    ...limitsOf(name, options?.limit),
    buffer: null,
    ordered: false,
  }).drain();
}
