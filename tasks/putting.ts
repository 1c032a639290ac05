// Copyright 2026 the asyncio for Deno authors. MIT license.

import { sink, source } from "../loop/core/selectable.ts";
import { propertyOf } from "../loop/core/unknown_value.ts";
import { wrongType } from "../loop/core/validate.ts";
// Type-only import: tasks/ does not load queues.
import type { Queue } from "../queues/queue.ts";
import type { Selectable } from "./select.ts";

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
