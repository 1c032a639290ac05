// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Returns whether a value is an `async` function.
 *
 * A function that is not declared `async` but returns a promise does not count, as only a call would tell.
 * Tasks take both.
 *
 * @param fn The value.
 * @returns `true` if it is an `async` function; `false` also for an `async` generator function.
 *
 * @example Usage
 * ```ts
 * import { isCoroutineFunction } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isCoroutineFunction(async () => {}), true);
 * assertEquals(isCoroutineFunction(() => Promise.resolve()), false);
 * ```
 *
 * @category Tasks
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.iscoroutinefunction}
 */
export function isCoroutineFunction(
  fn: unknown,
): fn is (...args: never[]) => Promise<unknown> {
  // Not by its constructor: a function may come from another realm.
  return typeof fn === "function" &&
    Object.prototype.toString.call(fn) === "[object AsyncFunction]";
}
