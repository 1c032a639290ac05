// Copyright 2026 the asyncio for Deno authors. MIT license.

import { makeCausedCancelledError } from "../loop/core/cancelled_error.ts";
import { currentScheduler, type Scheduler } from "../loop/core/scheduler.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import {
  assertCount,
  assertInstance,
  assertOneOf,
  assertOptions,
  assertString,
  hasMethods,
  wrongType,
} from "../loop/core/validate.ts";
import { Feed } from "./_feed.ts";
import {
  type Future,
  type Settlement,
  withError,
  withResult,
} from "../loop/core/future.ts";
import {
  type PrimitiveBehavior,
  PrimitiveFuture,
} from "../loop/core/primitive_future.ts";

/** What to listen to, and until when. */
interface Listening {
  readonly caller: string;
  readonly target: EventTarget | EmitterLike;
  readonly type: string;
  readonly signal: AbortSignal | undefined;
}

/** The functions that are called with what happens. */
interface Reactions {
  /** Called with an event, or the first argument of an emitter's. */
  onEvent(event: unknown): void;
  /** Called with the `"error"` of an emitter. */
  onError(error: unknown): void;
  /** Called when the signal aborts, with the error to throw. */
  onAbort(error: unknown): void;
}

/** Throws unless the arguments of `events()` or `once()` are right. */
function assertListening(
  { caller, target, type, signal }: Listening,
): void {
  if (!isEventTarget(target) && !isEmitter(target)) {
    throw wrongType(
      `The target of ${caller}()`,
      "an EventTarget, or an emitter with on() and off()",
      target,
    );
  }
  assertString(`The type of ${caller}()`, type);
  if (signal === undefined) return;
  assertInstance("The signal option", "an AbortSignal", AbortSignal, signal);
}

/** Listens until the function that it returns is called. If the signal has aborted, it does not begin to. */
function listen(
  scheduler: Scheduler,
  { target, type, signal }: Listening,
  { onEvent, onError, onAbort }: Reactions,
): () => void {
  const abort = () => onAbort(makeCausedCancelledError(signal?.reason));
  if (signal?.aborted) {
    abort();
    return () => {};
  }
  const removals: (() => void)[] = [];
  const stop = () => {
    for (const remove of removals.splice(0)) {
      try {
        remove();
      } catch (exception) {
        scheduler.report({ message: "Removing a listener failed", exception });
      }
    }
  };
  const add = (
    from: EventTarget | EmitterLike,
    type: string,
    listener: (event: unknown) => void,
  ) => {
    if (isEventTarget(from)) {
      from.addEventListener(type, listener);
      removals.push(() => from.removeEventListener(type, listener));
    } else {
      from.on(type, listener);
      removals.push(() => from.off(type, listener));
    }
  };
  try {
    add(target, type, onEvent);
    if (!isEventTarget(target) && type !== "error") {
      add(target, "error", onError);
    }
    if (signal !== undefined) add(signal, "abort", abort);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

function isEventTarget(target: unknown): target is EventTarget {
  return isInstance(target, EventTarget) ||
    hasMethods(target, "addEventListener", "removeEventListener");
}

function isEmitter(target: unknown): target is EmitterLike {
  return hasMethods(target, "on", "off");
}

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
  // Adding a listener may have made the target emit what ends it.
  if (feed.hasEnded) stop();
  return feed.iterate();
}

/**
 * The options of {@linkcode once}.
 *
 * @category Queues
 */
export interface OnceOptions {
  /** A signal that cancels the wait; its reason is the cause of the `CancelledError`. */
  signal?: AbortSignal | undefined;
}

/**
 * Waits for the next event of an `EventTarget` or of an emitter such as Node's. It listens from the call on.
 *
 * Of an emitter, the first argument of the event counts. Its `"error"` is thrown, unless that is the type itself.
 *
 * Cancelling the awaiting task removes the listener.
 *
 * @typeParam E The type of the event, or of the first argument.
 * @param target The `EventTarget` or emitter.
 * @param type The type of the event.
 * @param options A signal that cancels the wait.
 * @returns A future of the event.
 * @throws {TypeError} If an argument is of the wrong type.
 *
 * @example Usage
 * ```ts
 * import { once } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const controller = new AbortController();
 * const aborted = once<Event>(controller.signal, "abort");
 * controller.abort();
 * assertEquals((await aborted).type, "abort");
 * ```
 *
 * @category Queues
 */
export function once<E = unknown>(
  target: EventTarget | EmitterLike,
  type: string,
  options: OnceOptions = {},
): Future<E> {
  assertOptions("once", options);
  const listening = { caller: "once", target, type, signal: options.signal };
  assertListening(listening);
  const scheduler = currentScheduler();
  const wait: Wait = { end: null, stop() {} };
  const operation = new PrimitiveFuture<E, Wait>(scheduler, WAIT, wait);
  const end = (settlement: Settlement) => {
    wait.end ??= settlement;
    wait.stop();
    operation.wake();
  };
  wait.stop = listen(scheduler, listening, {
    onEvent: (event) => end(withResult(event)),
    onError: (error) => end(withError(error)),
    onAbort: (error) => void operation.cancel(error as string),
  });
  if (wait.end !== null) wait.stop();
  return operation;
}

interface Wait {
  /** How the wait ends; `null` until the event. */
  end: Settlement | null;
  /** Removes the listeners. */
  stop: () => void;
}

const WAIT: PrimitiveBehavior<never, Wait> = {
  name: "once()",
  poll: ({ end }) => end,
  onCancelled: ({ stop }) => stop(),
  handBack() {},
};
