// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Slots } from "./_slots.ts";
import { Source } from "./_source.ts";
import { assertArguments, type Limits, limitsOf } from "./map_concurrent.ts";

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
