// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Future } from "./future.ts";
import { isInstance } from "./unknown_value.ts";

/**
 * Whether a value is a `Future` or a `Task`.
 *
 * @param x The value.
 * @returns `true` if it is.
 *
 * @example Usage
 * ```ts
 * import { Future, isFuture } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isFuture(new Future()), true);
 * assertEquals(isFuture(Promise.resolve()), false);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-future.html#asyncio.isfuture}
 */
export function isFuture(x: unknown): x is Future<unknown> {
  return isInstance(x, Future);
}
