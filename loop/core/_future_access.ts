// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: this is how the rest of the library reaches into futures, which say here how.
import type { Future } from "./future.ts";
import type { Settlement } from "./_settlement.ts";
import type { Scheduler } from "./scheduler.ts";
import type { CancelMessage } from "./scope.ts";
import type { Runnable } from "./runnable.ts";

/** The two ends of a promise. */
export type Resolve = (value: unknown) => void;
export type Reject = (error: unknown) => void;

/** What wants to know that a future is done, on behalf of a task or future if that is known. */
export interface Observer extends Runnable {
  /** What awaits the future in this way, for the call graph. */
  readonly awaiter?: Future<unknown> | null;
  /** What waits for the future itself: that task, or the future of a `gather()`, for instance, that it called. */
  readonly dependent?: Future<unknown> | null;
}

// What a future lets its subclasses, its waiters and the rest of the library do.

/** Gives the future its result, whatever its class. */
export let fulfil: <T>(future: Future<T>, value: T) => void;
/** Ends the future, whatever its class. */
export let settle: (future: Future<unknown>, settlement: Settlement) => void;
/** Gives the future its error, whatever its class: anything that can be thrown. */
export let fail: (future: Future<unknown>, error: unknown) => void;
/** Ends the future as cancelled, whatever its class. */
export let cancelPending: (
  future: Future<unknown>,
  message: CancelMessage,
) => void;
/** As `cancel()`, also with the error that is to arise. */
export let cancelWith: (
  future: Future<unknown>,
  message: CancelMessage,
) => boolean;
/** A future that is not done. */
export let pending: (scheduler: Scheduler) => Future<unknown>;
/** A future that is done. */
export let fulfilled: <T>(scheduler: Scheduler, value: T) => Future<T>;
/** As `addDoneCallback()`, for callbacks of the library: in no async context of the user's. */
export let observe: <F extends Future<unknown>>(
  future: F,
  callback: (future: F) => void,
  awaiter?: Future<unknown> | null,
  dependent?: Future<unknown> | null,
) => void;
/** Takes every such callback back. */
export let unobserve: <F extends Future<unknown>>(
  future: F,
  callback: (future: F) => void,
) => void;
/** The tasks and futures that are known to await a future, in the order in which they came. */
export let observingFutures: (future: Future<unknown>) => Future<unknown>[];
/** The tasks and futures that wait for a future themselves, where the call graph has the tasks that called. */
export let dependentsOf: (
  future: Future<unknown>,
) => Iterable<Future<unknown>>;
/** What was thrown, as it was thrown; marks it as retrieved. The future failed or was cancelled. */
export let thrownBy: (future: Future<unknown>) => unknown;
/** The error of a future that failed, without marking it as retrieved. */
export let failureOf: (
  future: Future<unknown>,
) => { error: unknown } | undefined;
/** The future's exception is no longer worth a report. */
export let markRetrieved: (future: Future<unknown>) => void;
/** Whether anything but callbacks of user code observes the future, which is pending. */
export let isAwaited: (future: Future<unknown>) => boolean;
/** Whether anybody observes the future, which is pending. */
export let isObserved: (future: Future<unknown>) => boolean;

// What every await does goes through methods: an engine inlines those, not functions that are set later.

/** Whether the future is that of a call whose code stands in place of the `await`: its result is always taken. */
export const isInline: unique symbol = Symbol("is inline");
/** The scheduler that a future belongs to; {@linkcode homeOf} is the same where time does not matter. */
export const home: unique symbol = Symbol("home");
/** Hands the outcome of a future that is done to one who awaited it. */
export const deliverTo: unique symbol = Symbol("deliver");
/** Adds one who awaits the future, which is pending. */
export const observedBy: unique symbol = Symbol("observe");
/** Settles the future from its own entry: the task that awaits it first goes on in that entry. */
export const settleNow: unique symbol = Symbol("settle");
/** Whether the end of the future waits for that of other futures: only so can futures wait in a circle. */
export const waitsForOthers: unique symbol = Symbol("waits for others");
/** Those others: the inverse of {@linkcode dependentsOf}, as far as that is of tasks and what `gather()` gives. */
export const dependencies: unique symbol = Symbol("dependencies");

/** The scheduler that a future belongs to. */
export function homeOf(future: Future<unknown>): Scheduler {
  return future[home];
}

/** Futures say how all this is done. */
export function grantAccess(access: {
  fulfil: typeof fulfil;
  settle: typeof settle;
  fail: typeof fail;
  cancelPending: typeof cancelPending;
  cancelWith: typeof cancelWith;
  pending: typeof pending;
  fulfilled: typeof fulfilled;
  observe: typeof observe;
  unobserve: typeof unobserve;
  observingFutures: typeof observingFutures;
  dependentsOf: typeof dependentsOf;
  thrownBy: typeof thrownBy;
  failureOf: typeof failureOf;
  markRetrieved: typeof markRetrieved;
  isAwaited: typeof isAwaited;
  isObserved: typeof isObserved;
}): void {
  ({
    fulfil,
    settle,
    fail,
    cancelPending,
    cancelWith,
    pending,
    fulfilled,
    observe,
    unobserve,
    observingFutures,
    dependentsOf,
    thrownBy,
    failureOf,
    markRetrieved,
    isAwaited,
    isObserved,
  } = access);
}
