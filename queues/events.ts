// Copyright 2026 the asyncio for Deno authors. MIT license.

import { currentScheduler } from "../loop/core/scheduler.ts";
import {
  assertCount,
  assertOneOf,
  assertOptions,
} from "../loop/core/validate.ts";
import { Feed } from "./_feed.ts";
import { assertListening, listen } from "./_listen.ts";

/**
 * The part of an emitter, such as Node's `EventEmitter`, that the library uses.
 *
 * @category Queues
 */
export interface EmitterLike {
  /** Adds a listener. */
  on(type: string, listener: (...args: unknown[]) => void): unknown;
  /** Removes a listener. */
  off(type: string, listener: (...args: unknown[]) => void): unknown;
}

/**
 * The options of {@linkcode events}.
 *
 * @category Queues
 */
export interface EventsOptions {
  /** The greatest number of events that may be unread; 0, the default, means no bound. */
  maxSize?: number | undefined;
  /** What happens to an event for which there is no room. `"drop"`, the default: the oldest unread event is lost. `"fail"`: the loop gets the unread events, then a `QueueFull`. */
  slow?: "drop" | "fail" | undefined;
  /** A signal that ends the iteration at once, with a `CancelledError` whose cause is the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Iterates over the events of an `EventTarget` or of an emitter such as Node's. It listens from the call on, so no
 * event is missed before the loop begins. It stops when the loop is left or the task that awaits the next event is
 * cancelled; `await using` ends it too.
 *
 * Of an emitter, the first argument of each event counts. Its `"error"` is thrown after the unread events, unless that
 * is the type itself.
 *
 * @typeParam E The type of the events, or of the first arguments.
 * @param target The `EventTarget` or emitter.
 * @param type The type of the events.
 * @param options How many events may be unread, and a signal that ends the iteration.
 * @returns An iterator.
 * @throws {RangeError} If an option is out of range.
 * @throws {TypeError} If an argument is of the wrong type.
 *
 * @example Usage
 * ```ts
 * import { events } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const target = new EventTarget();
 * const ticks = events<CustomEvent<number>>(target, "tick");
 * for (const detail of [1, 2, 3]) {
 *   target.dispatchEvent(new CustomEvent("tick", { detail }));
 * }
 * const got: number[] = [];
 * for await (const { detail } of ticks) {
 *   got.push(detail);
 *   if (detail === 3) break;
 * }
 * assertEquals(got, [1, 2, 3]);
 * ```
 *
 * @category Queues
 */
export function events<E = unknown>(
  target: EventTarget | EmitterLike,
  type: string,
  options: EventsOptions = {},
): AsyncIterableIterator<E, undefined> & AsyncDisposable {
  assertOptions("events", options);
  const { maxSize = 0, slow = "drop", signal } = options;
  const listening = { caller: "events", target, type, signal };
  assertListening(listening);
  assertCount("The maxSize option", maxSize, 0);
  assertOneOf("The slow option", slow, ["drop", "fail"]);
  const feed = new Feed<E>("events", maxSize, { closed: () => stop() });
  let stop = () => {};
  stop = listen(currentScheduler(), listening, {
    onEvent(event) {
      if (slow === "drop") feed.pushNewest(event as E);
      else if (!feed.pushOrFail(event as E)) stop();
    },
    onError(error) {
      feed.fail(error);
      stop();
    },
    onAbort(error) {
      feed.abort(error);
      stop();
    },
  });
  return feed.iterate();
}
