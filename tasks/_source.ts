// Copyright 2026 the asyncio for Deno authors. MIT license.

import { propertyOf } from "../loop/core/unknown_value.ts";
import { wrongType } from "../loop/core/validate.ts";

/** Throws unless the value is an iterable or an async iterable. */
export function assertSource(caller: string, value: unknown): void {
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
    return this.#iterator ??= this.isAsync
      ? (this.#items as AsyncIterable<T>)[Symbol.asyncIterator]()
      : (this.#items as Iterable<T>)[Symbol.iterator]();
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
