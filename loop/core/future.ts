// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  beginStep,
  forgetReads,
  isCalledByAwait,
  type Line,
  noteRead,
  outstandingReads,
  type Spot,
} from "./line.ts";
import {
  asRelay,
  cancelWith,
  home,
  type Relay,
  relayCancellation,
} from "./_relay.ts";
import { Call, type Runnable, runStep } from "./call.ts";
import {
  type CancelledError,
  isCancelledError,
  letOutOfTasks,
  makeCancelledError,
  noteThrown,
} from "./cancelled_error.ts";
import { InvalidStateError, RuntimeError } from "./errors.ts";
// Type-only import: a future returns its loop, and a loop makes futures.
import type { EventLoop } from "../event_loop.ts";
import { callbackOf, Handle } from "./handle.ts";
import { inspectAsText } from "./inspection.ts";
import { forgetFailure, watchFailure } from "./introspection/source_stacks.ts";
import { currentScheduler, Scheduler, schedulerOf } from "./scheduler.ts";
import type { CancelMessage, Scope, Wait } from "./scope.ts";
import {
  abandonedScope,
  arrive,
  arrived,
  currentSpot,
  goOn,
  nextOrder,
  passThrough,
  stillRunning,
  stretches,
  type TaskState,
} from "./task_state.ts";
import { asError, isInstance, propertyOf } from "./unknown_value.ts";
import { assertFunction, assertOptions } from "./validate.ts";

/**
 * Anything that can be awaited: a `Future` or `Task`, a promise, or a function that returns one of them or
 * a plain value. A function becomes a task. A promise is wrapped in a future; cancelling that future
 * detaches it from the promise.
 *
 * @typeParam T The type of the result.
 * @category Futures
 */
export type Awaitable<T> = PromiseLike<T> | (() => T | PromiseLike<T>);

const PENDING = 0;
const FULFILLED = 1;
const FAILED = 2;
const CANCELLED = 3;
/** Failed, with an exception that has not been retrieved. */
const UNRETRIEVED = 4;

/** The state of a future. */
type State =
  | typeof PENDING
  | typeof FULFILLED
  | typeof FAILED
  | typeof CANCELLED
  | typeof UNRETRIEVED;

/** The names of the states in messages. */
const STATE_NAMES = [
  "pending",
  "finished",
  "failed",
  "cancelled",
  "failed",
] as const;

/** How a future ends: as `Outcome`, with cancellation as a third case. */
export class Settlement {
  constructor(
    readonly state: typeof FULFILLED | typeof FAILED | typeof CANCELLED,
    readonly outcome: unknown,
  ) {}
}

/** Returns a settlement with a result. */
export function withResult(result: unknown): Settlement {
  return new Settlement(FULFILLED, result);
}

/** Returns a settlement with a result computed from that of another; errors and cancellations stay as they are. */
export function mapResult(
  settlement: Settlement,
  map: (result: unknown) => unknown,
): Settlement {
  return settlement.state === FULFILLED
    ? withResult(map(settlement.outcome))
    : settlement;
}

/** Returns a settlement with an error. */
export function withError(error: unknown): Settlement {
  return new Settlement(FAILED, error);
}

/** Returns a settlement by cancellation. */
export function withCancellation(message: CancelMessage): Settlement {
  return new Settlement(CANCELLED, message);
}

/** Several lines have read `then` of a future. */
const SEVERAL = Symbol("several");

/** The futures that were settled after `then` was read, and perhaps before it was called. */
const readWhilePending = new WeakSet<Future<unknown>>();
let wasReadWhilePending = false;

/** The functions that settle a promise. */
export type Resolve = (value: unknown) => void;
export type Reject = (error: unknown) => void;

/** An entry of the ready queue that is enqueued when a future is done; it may act for a task or another future. */
export interface Observer extends Runnable {
  /** The task or future that awaits the future, for the call graph. */
  readonly awaiter?: Future<unknown> | null;
  /** The direct waiter of the future: that task, or a future that it created, such as that of a `gather()`. */
  readonly dependent?: Future<unknown> | null;
}

/** A kind of operation on a primitive. */
export interface OperationKind {
  /** The name of the operation in messages: the call in user code. */
  readonly name: string;

  /** What to give `select()` in place of an operation of this kind. */
  readonly selectInstead?: string;
}

/** Tells which operation a future is of that was done at once. Takes the place of observers, and is never called. */
export class DoneOperation implements Observer {
  constructor(readonly kind: OperationKind) {}

  /** @ignore */
  [runStep](): boolean {
    return false;
  }
}

// What the rest of the library may do with a future.

/** Sets the result of a future of any class. */
export let fulfil: <T>(future: Future<T>, value: T) => void;
/** Settles a future of any class. */
export let settle: (future: Future<unknown>, settlement: Settlement) => void;
/** Settles a future from its own step; returns whether its first waiter was resumed, in the same step. */
export let settleNow: (
  future: Future<unknown>,
  settlement: Settlement,
) => boolean;
/** Sets the error of a future of any class: anything that can be thrown. */
export let fail: (future: Future<unknown>, error: unknown) => void;
/** Settles a future of any class as cancelled. */
export let cancelPending: (
  future: Future<unknown>,
  message: CancelMessage,
) => void;
/** Creates a pending future. */
export let pending: (scheduler: Scheduler) => Future<unknown>;
/** Creates a future that is done; `operation` is the operation it is of, where `select()` must know. */
export let fulfilled: <T>(
  scheduler: Scheduler,
  value: T,
  operation?: DoneOperation | null,
) => Future<T>;
/** Returns the kind of the operation that a future was created for, done; `null` if there is none. */
export let doneOperationOf: (future: Future<unknown>) => OperationKind | null;
/** Adds a callback of the library, as `addDoneCallback()` does one of user code; it runs in no async context. */
export let observe: <F extends Future<unknown>>(
  future: F,
  callback: (future: F) => void,
  awaiter?: Future<unknown> | null,
  dependent?: Future<unknown> | null,
) => void;
/** Removes every registration of such a callback. */
export let unobserve: <F extends Future<unknown>>(
  future: F,
  callback: (future: F) => void,
) => void;
/** Returns the tasks and futures that are known to await a future, in the order of their registration. */
export let observingFutures: (future: Future<unknown>) => Future<unknown>[];
/** Returns the tasks and futures that wait for a future directly; the call graph has their callers instead. */
export let dependentsOf: (
  future: Future<unknown>,
) => Iterable<Future<unknown>>;
/** Returns the state of the task whose line was the first to await a future; `null` if there is none. */
export let awaitingState: (future: Future<unknown>) => TaskState | null;
/** Delivers the outcome of a future that is done to a waiter. */
let deliverTo: (
  future: Future<unknown>,
  resolve: Resolve,
  reject: Reject,
) => void;
/** Returns the spot of the code that awaits a pending future. */
let takeReader: (future: Future<unknown>) => Spot | null;
/** Delivers the result of a future that was done when `then` was read; returns whether there is one. */
let deliverAtOnce: (future: Future<unknown>, resolve: Resolve) => boolean;
/** Adds an observer to a pending future. */
let addObserver: (future: Future<unknown>, observer: Observer) => void;
/** Returns what a future that failed or was cancelled throws, and marks it as retrieved. */
export let thrownBy: (future: Future<unknown>) => unknown;
/** Returns the error of a future that failed, without marking it as retrieved. */
export let failureOf: (
  future: Future<unknown>,
) => { error: unknown } | undefined;
/** Marks the exception of a future as retrieved: it is not reported. */
export let markRetrieved: (future: Future<unknown>) => void;
/** Returns whether anything other than callbacks of user code observes a pending future. */
export let isAwaited: (future: Future<unknown>) => boolean;
/** Returns whether a pending future has observers. */
export let isObserved: (future: Future<unknown>) => boolean;

/** Describes a future under a name, with its state. */
export let describe: (future: Future<unknown>, name: string) => string;

// Methods, because subclasses override them.

/** Whether the future is that of an inline call: its result is delivered even if the caller is cancelled. */
export const isInline: unique symbol = Symbol("is inline");
/** Whether the future waits for other futures: only such futures can form a circle. */
export const waitsForOthers: unique symbol = Symbol("waits for others");
/** The futures it waits for: the inverse of {@linkcode dependentsOf} for tasks and futures of `gather()`. */
export const dependencies: unique symbol = Symbol("dependencies");

/** Returns the scheduler that a future belongs to. */
export function homeOf(future: Future<unknown>): Scheduler {
  return future[home];
}

/**
 * The options of a {@linkcode Future}.
 *
 * @category Futures
 */
export interface FutureOptions {
  /** The loop that the future belongs to; the current one by default. */
  loop?: EventLoop | undefined;
}

/**
 * An eventual result: the bridge between code that provides it with `setResult()` or
 * `setException()` and tasks that `await` it.
 *
 * A future is not thread-safe, belongs to one loop, and settles once. Its callbacks run through the
 * loop's ready queue in the order in which they were added, never inside `setResult()`. Inside a
 * task, `await` and `then` count as awaiting it, so cancelling the task cancels the future.
 * {@linkcode Future.addDoneCallback} only observes.
 *
 * If the result is itself a thenable, `await` gives the result of that thenable, because JavaScript unwraps
 * it; `result()` returns it as it is.
 *
 * @typeParam T The type of the result.
 *
 * @example Usage
 * ```ts
 * import { createTask, Future, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const future = new Future<string>();
 *   createTask(async () => {
 *     await sleep(0.001);
 *     future.setResult("... world");
 *   });
 *   assertEquals(await future, "... world");
 * });
 * ```
 *
 * @category Futures
 * @see {@link https://docs.python.org/3/library/asyncio-future.html#asyncio.Future}
 */
export class Future<T = unknown> implements Promise<T> {
  readonly #scheduler: Scheduler;
  #state: State = PENDING;
  /**
   * The result, the error, or the cancellation's message. In a pending future: the spot of the code that has read
   * `then` and is about to await the future, which saves looking at the context again; `SEVERAL` if that is not unique.
   */
  #outcome: unknown = undefined;
  /** The observers, in the order of their registration; there is mostly one. */
  #observers: Observer | Observer[] | null = null;

  static {
    fulfil = (future, value) =>
      Future.#settle(future as Future<unknown>, FULFILLED, value);
    settle = (future, { state, outcome }) =>
      Future.#settle(future, state, outcome);
    settleNow = (future, settlement) => Future.#settleNow(future, settlement);
    deliverTo = (future, resolve, reject) =>
      Future.#deliver(future, resolve, reject);
    addObserver = (future, observer) => Future.#addObserver(future, observer);
    fail = (future, error) => Future.#settle(future, FAILED, error);
    cancelPending = (future, message) =>
      Future.#settle(future, CANCELLED, message);
    pending = (scheduler) => new Future(scheduler);
    fulfilled = (scheduler, value, operation = null) => {
      const future = new Future<typeof value>(scheduler);
      future.#state = FULFILLED;
      future.#outcome = value;
      future.#observers = operation;
      return future;
    };
    doneOperationOf = (future) => {
      const observer = future.#observers;
      return observer instanceof DoneOperation ? observer.kind : null;
    };
    observe = (future, callback, awaiter = null, dependent = null) => {
      const observer = new LibraryCallback(
        callback as (future: unknown) => void,
        future,
        awaiter,
        dependent,
      );
      if (future.#state === PENDING) {
        Future.#addObserver(future as Future<unknown>, observer);
      } else future.#scheduler.enqueue(observer);
    };
    unobserve = (future, callback) => {
      Future.#dismiss(
        future as Future<unknown>,
        (observer) =>
          observer instanceof LibraryCallback && observer.fn === callback,
      );
    };
    observingFutures = (future) =>
      Future.#list(future).map((each) => each.awaiter)
        .filter((each) => each != null && !each.done()) as Future<unknown>[];
    dependentsOf = (future) => Future.#dependents(future);
    awaitingState = (future) => {
      const first = Future.#first(future);
      return first instanceof Waiter ? first.scope?.taskState ?? null : null;
    };
    thrownBy = (future) => Future.#error(future);
    failureOf = (future) =>
      future.#state === FAILED || future.#state === UNRETRIEVED
        ? { error: future.#outcome }
        : undefined;
    takeReader = (future) => {
      const reader = future.#outcome;
      future.#outcome = undefined;
      return reader === undefined || reader === SEVERAL
        ? currentSpot()
        : stillRunning(reader as Spot);
    };
    deliverAtOnce = (future, resolve) => {
      if (future.#state !== FULFILLED) return false;
      if (wasReadWhilePending && readWhilePending.has(future)) return false;
      resolve(future.#outcome);
      return true;
    };
    markRetrieved = (future) => Future.#markRetrieved(future);
    isAwaited = (future) =>
      Future.#list(future).some((each) => !(each instanceof Handle));
    isObserved = (future) => future.#observers !== null;
    describe = (future, name) => `<${name} ${STATE_NAMES[future.#state]}>`;
    inspectAsText(this);
  }

  /**
   * Awaits the future, as `then` of a promise does; `await` reads it. A call inside a task counts as an
   * `await` of the task.
   */
  // A getter: the time of the read tells `await` from a direct call of `then`.
  get then(): Promise<T>["then"] {
    if (this.#scheduler.sites !== null && this.#state === PENDING) {
      this.#scheduler.sites.awaiting(this);
    }
    if (this.#state === PENDING) {
      const isReadAgain = this.#outcome !== undefined;
      const spot = arrive(this);
      this.#outcome = isReadAgain ? SEVERAL : spot;
    } else if (stretches > 0) {
      passThrough();
    }
    noteRead();
    return awaitFuture as Promise<T>["then"];
  }

  /**
   * Constructs a new instance.
   *
   * @param options The loop, if not the current one.
   * @throws {TypeError} If `options.loop` is not an event loop.
   */
  constructor(options?: FutureOptions) {
    this.#scheduler = options instanceof Scheduler
      ? options
      : schedulerFor(options);
    if (this.#scheduler.sites !== null) {
      this.#scheduler.sites.created(this, new.target);
    }
  }

  /** @ignore */
  get [home](): Scheduler {
    return this.#scheduler;
  }

  /** @ignore */
  get [waitsForOthers](): boolean {
    return false;
  }

  /** @ignore */
  get [isInline](): boolean {
    return false;
  }

  /** @ignore */
  get [asRelay](): Relay | null {
    return null;
  }

  /** @ignore */
  [dependencies](): Iterable<Future<unknown>> {
    return [];
  }

  /**
   * Returns whether the future has a result, has an exception, or was cancelled.
   *
   * @returns `true` if it is done.
   */
  done(): boolean {
    return this.#state !== PENDING;
  }

  /**
   * Returns whether the future was cancelled.
   *
   * @returns `true` if it was.
   */
  cancelled(): boolean {
    return this.#state === CANCELLED;
  }

  /**
   * Returns the result.
   *
   * @returns The result.
   * @throws {InvalidStateError} If the future is not done.
   * @throws {CancelledError} If it was cancelled.
   * @throws The exception, if it has one.
   */
  result(): T {
    switch (this.#state) {
      case FULFILLED:
        return this.#outcome as T;
      case PENDING:
        throw new InvalidStateError(
          "Cannot read the result as the future is not done",
        );
      default:
        throw Future.#error(this as Future<unknown>);
    }
  }

  /**
   * Returns the exception.
   *
   * @returns The exception, or `null` if the future has a result. A thrown value that is not an `Error` is
   * wrapped in one, as its `cause`.
   * @throws {InvalidStateError} If the future is not done.
   * @throws {CancelledError} If it was cancelled.
   */
  exception(): Error | null {
    switch (this.#state) {
      case FULFILLED:
        return null;
      case PENDING:
        throw new InvalidStateError(
          "Cannot read the exception as the future is not done",
        );
      case CANCELLED:
        throw Future.#error(this as Future<unknown>);
    }
    return asError(
      Future.#error(this as Future<unknown>),
      "A value that is not an Error was thrown: ",
    );
  }

  /**
   * Marks the future as done with a result.
   *
   * @param value The result.
   * @throws {InvalidStateError} If the future is done already.
   */
  setResult(value: T): void {
    Future.#assertPending(this as Future<unknown>, "result");
    Future.#settle(this as Future<unknown>, FULFILLED, value);
  }

  /**
   * Marks the future as done with an exception. An exception that is never retrieved is reported to the
   * loop's exception handler.
   *
   * @param error The exception: anything that can be thrown, or a class of errors to instantiate.
   * @throws {InvalidStateError} If the future is done already.
   */
  setException(error: unknown): void {
    Future.#assertPending(this as Future<unknown>, "exception");
    const exception = isErrorClass(error) ? new error() : error;
    // The constructor is user code, which may have settled the future.
    Future.#assertPending(this as Future<unknown>, "exception");
    Future.#settle(this as Future<unknown>, FAILED, exception);
  }

  /**
   * Cancels the future and schedules its callbacks. Its waiters get a `CancelledError`.
   *
   * @param msg The message of the `CancelledError`.
   * @returns `false` if the future was done already; nothing changes then.
   */
  cancel(msg?: string): boolean {
    if (this.#state !== PENDING) return false;
    Future.#settle(this as Future<unknown>, CANCELLED, msg);
    return true;
  }

  /**
   * Schedules a call of `fn` with the future for when it is done; if it is done already, the call is
   * scheduled at once. The callback runs in the async context in which it was added.
   *
   * @param fn The callback.
   */
  addDoneCallback(fn: (future: this) => unknown): void {
    assertFunction("The callback of addDoneCallback()", fn);
    const handle = new Handle(
      this.#scheduler,
      fn as (...args: unknown[]) => unknown,
      [this],
    );
    if (this.#state === PENDING) {
      Future.#addObserver(this as Future<unknown>, handle);
    } else this.#scheduler.enqueue(handle);
  }

  /**
   * Removes every registration of a callback.
   *
   * @param fn The callback.
   * @returns How many registrations there were.
   */
  removeDoneCallback(fn: (future: this) => unknown): number {
    return Future.#dismiss(
      this as Future<unknown>,
      (observer) => observer instanceof Handle && callbackOf(observer) === fn,
    );
  }

  /**
   * Returns the loop that the future belongs to.
   *
   * @returns The loop.
   */
  getLoop(): EventLoop {
    return this.#scheduler.loop;
  }

  /**
   * Awaits the future and handles its failure, as `catch` of a promise does.
   *
   * @typeParam B The type of what `onRejected` returns.
   * @param onRejected Called with the exception, or with a `CancelledError`.
   * @returns A promise of the result, or of what the callback returns.
   */
  catch<B = never>(
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<T | B> {
    return this.then(undefined, onRejected);
  }

  /**
   * Awaits the future and calls back in any case, as `finally` of a promise does.
   *
   * @param onFinally Called once the future is done.
   * @returns A promise of the result.
   */
  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.then().finally(onFinally);
  }

  /**
   * Returns a description for logs and error messages: `<Future pending>`.
   *
   * @returns The text.
   */
  toString(): string {
    return describe(this, "Future");
  }

  /** The tag for `Object.prototype.toString()`. */
  get [Symbol.toStringTag](): string {
    return "Future";
  }

  static #assertPending(future: Future<unknown>, what: string): void {
    if (future.#state === PENDING) return;
    throw new InvalidStateError(
      `Cannot set the ${what} as the future is done already`,
    );
  }

  static #settle(
    future: Future<unknown>,
    state: State,
    outcome: unknown,
  ): void {
    const observers = future.#observers;
    Future.#become(future, state, outcome);
    if (observers === null) return;
    if (!(observers instanceof Array)) future.#scheduler.enqueue(observers);
    else for (const each of observers) future.#scheduler.enqueue(each);
  }

  static #settleNow(
    future: Future<unknown>,
    { state, outcome }: Settlement,
  ): boolean {
    const observers = future.#observers;
    const first = Future.#first(future);
    if (!(first instanceof Waiter)) {
      Future.#settle(future, state, outcome);
      return false;
    }
    Future.#become(future, state, outcome);
    if (observers instanceof Array) {
      for (const each of observers.slice(1)) future.#scheduler.enqueue(each);
    }
    return first[runStep]();
  }

  static #become(
    future: Future<unknown>,
    state: State,
    outcome: unknown,
  ): void {
    future.#state = state;
    if (future.#outcome !== undefined) {
      wasReadWhilePending = true;
      readWhilePending.add(future);
    }
    future.#outcome = outcome;
    if (state === FAILED) {
      future.#state = UNRETRIEVED;
      if (!(Future.#first(future) instanceof Waiter)) {
        watchFailure(future, future.#scheduler, outcome);
      }
    }
    future.#observers = null;
  }

  static #addObserver(future: Future<unknown>, observer: Observer): void {
    const observers = future.#observers;
    if (observers === null) future.#observers = observer;
    else if (observers instanceof Array) observers.push(observer);
    else future.#observers = [observers, observer];
  }

  static #first(future: Future<unknown>): Observer | null {
    const observers = future.#observers;
    return observers instanceof Array ? observers[0]! : observers;
  }

  /** Removes the observers that match; returns how many did. */
  static #dismiss(
    future: Future<unknown>,
    isMeant: (observer: Observer) => boolean,
  ): number {
    let dismissed = 0;
    for (const observer of Future.#takeObservers(future)) {
      if (isMeant(observer)) dismissed++;
      else Future.#addObserver(future, observer);
    }
    return dismissed;
  }

  static #list(future: Future<unknown>): readonly Observer[] {
    const observers = future.#observers;
    if (observers === null) return [];
    return observers instanceof Array ? observers : [observers];
  }

  /** Returns them lazily: looking at the first few must not cost as much as looking at all. */
  static *#dependents(future: Future<unknown>): Generator<Future<unknown>> {
    for (const { dependent } of Future.#list(future)) {
      if (dependent != null) yield dependent;
    }
  }

  static #takeObservers(future: Future<unknown>): readonly Observer[] {
    const observers = Future.#list(future);
    future.#observers = null;
    return observers;
  }

  /** Returns what an `await` of this future, which failed or was cancelled, throws. */
  static #error(future: Future<unknown>): unknown {
    if (future.#state === CANCELLED) {
      // All waiters get the same error.
      return future.#outcome = makeCancelledError(
        future.#outcome as CancelMessage,
      );
    }
    Future.#markRetrieved(future);
    return future.#outcome;
  }

  static #markRetrieved(future: Future<unknown>): void {
    if (future.#state !== UNRETRIEVED) return;
    future.#state = FAILED;
    forgetFailure(future);
  }

  static #deliver(
    future: Future<unknown>,
    resolve: Resolve,
    reject: Reject,
  ): void {
    if (future.#state === FULFILLED) resolve(future.#outcome);
    else reject(Future.#error(future));
  }
}

/** Copies `then` to the prototype of a subclass, where `await` finds it sooner: 4 % of a switch between tasks. */
export function copyThen(prototype: object): void {
  const then = Object.getOwnPropertyDescriptor(Future.prototype, "then")!;
  Object.defineProperty(prototype, "then", then);
}

/** Whether a value is a class of errors that can be instantiated without arguments. */
function isErrorClass(value: unknown): value is new () => Error {
  return typeof value === "function" &&
    (value === Error || isInstance(propertyOf(value, "prototype"), Error));
}

/** A callback of the library. */
class LibraryCallback extends Call<unknown> implements Observer {
  readonly awaiter: Future<unknown> | null;
  readonly dependent: Future<unknown> | null;

  constructor(
    callback: (future: unknown) => void,
    future: unknown,
    awaiter: Future<unknown> | null,
    dependent: Future<unknown> | null,
  ) {
    super(callback, future);
    this.awaiter = awaiter;
    this.dependent = dependent;
  }
}

function schedulerFor(options: FutureOptions | undefined): Scheduler {
  assertOptions("Future", options);
  const loop = options?.loop;
  return loop === undefined ? currentScheduler() : schedulerOf(loop);
}

/**
 * Returns whether a value is a `Future` or a `Task`.
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
 * @category Futures
 * @see {@link https://docs.python.org/3/library/asyncio-future.html#asyncio.isfuture}
 */
export function isFuture(x: unknown): x is Future<unknown> {
  try {
    return x instanceof Future;
  } catch {
    return false;
  }
}

// What `await` does.

/** The function that `future.then` returns. */
export function awaitFuture(
  this: Future<unknown>,
  onFulfilled?: ((value: unknown) => unknown) | null,
  onRejected?: ((reason: unknown) => unknown) | null,
): Promise<unknown> | undefined {
  if (!isCalledByAwait(onFulfilled, onRejected)) {
    return awaitByCall(this, onFulfilled, onRejected);
  }
  awaitNatively(this, onFulfilled as Resolve, onRejected as Reject);
  return undefined;
}

/** Handles an `await` in any code; `resolve` and `reject` resume it. */
function awaitNatively(
  future: Future<unknown>,
  resolve: Resolve,
  reject: Reject,
): void {
  if (future.done()) {
    if (deliverAtOnce(future, resolve)) return;
    deliver(future, currentSpot(), resolve, reject);
    return;
  }
  const spot = takeReader(future);
  beginToWait(future, spot, resolve, reject);
  if (spot === null) return;
  const { taskState } = spot.scope;
  // No user code is on the stack, so the next entry can run here, unless another line of the task is about to
  // await something too: that belongs to this step.
  if (outstandingReads === 0) taskState.scheduler.ended(taskState);
  else taskState.scheduler.suspended(taskState);
}

/** Handles a call `future.then(f)` in the middle of other code. */
function awaitByCall(
  future: Future<unknown>,
  onFulfilled?: ((value: unknown) => unknown) | null,
  onRejected?: ((reason: unknown) => unknown) | null,
): Promise<unknown> {
  const outcome = new Promise<unknown>((resolve, reject) => {
    if (future.done()) {
      deliver(future, currentSpot(), resolve, reject);
      return;
    }
    const spot = takeReader(future);
    beginToWait(future, spot, resolve, reject);
    const taskState = spot?.scope.taskState;
    taskState?.scheduler.suspended(taskState);
  });
  return outcome.then(onFulfilled, onRejected);
}

/** Delivers the outcome of a future that is already done when it is awaited. */
function deliver(
  future: Future<unknown>,
  spot: Spot | null,
  resolve: Resolve,
  reject: Reject,
): void {
  // It was pending when `then` was read.
  if (spot?.line.at === future) goOn(spot.scope, spot.line);
  const isLetOut = spot === null && future.cancelled();
  deliverTo(future, resolve, isLetOut ? letOutTo(reject) : reject);
}

function letOutTo(reject: Reject): Reject {
  return (error) => {
    letOutOfTasks(error);
    reject(error);
  };
}

/** Adds a waiter. */
function beginToWait(
  future: Future<unknown>,
  spot: Spot | null,
  resolve: Resolve,
  reject: Reject,
): void {
  if (spot === null) {
    const abandoned = abandonedScope();
    if (abandoned !== null) reject(makeCancelledError(abandoned.message));
    else addObserver(future, new Waiter(future, null, null, resolve, reject));
    return;
  }
  const line = arrived(spot, future);
  const { taskState } = spot.scope;
  const misuse = misuseBy(taskState, future);
  if (misuse === null) {
    waitFor(future, spot.scope.nearestOpen(), line, resolve, reject);
    return;
  }
  // As in asyncio, the error is thrown in the next step of the task.
  const failing = line.at = pending(taskState.scheduler);
  waitFor(failing, spot.scope.nearestOpen(), line, resolve, reject);
  if (!failing.done()) fail(failing, misuse);
}

function waitFor(
  future: Future<unknown>,
  scope: Scope,
  line: Line,
  resolve: Resolve,
  reject: Reject,
): void {
  const waiter = new Waiter(future, scope, line, resolve, reject);
  addObserver(future, waiter);
  scope.attach(waiter);
  const cancelled = scope.pendingFor(line);
  if (cancelled !== null && waiter.cancel(cancelled.message)) {
    scope.reachedLine(line);
  }
}

function misuseBy(
  taskState: TaskState,
  future: Future<unknown>,
): RuntimeError | null {
  if (taskState.scheduler !== future[home]) {
    return new RuntimeError(
      "Cannot await a future that belongs to another event loop",
    );
  }
  const task = taskState.task as Future<unknown>;
  if (future === task) return new RuntimeError("A task cannot await itself");
  if (!isObserved(task) || !future[waitsForOthers]) return null;
  if (!waitsFor(future, task)) return null;
  return new RuntimeError("A task cannot await what awaits the task");
}

/**
 * Whether `future` waits for `task`, directly or through tasks and futures of `gather()`. Other futures may also be
 * settled by other code: that of a `wait()` by its timeout, for example.
 */
function waitsFor(future: Future<unknown>, task: Future<unknown>): boolean {
  // Searches from both ends in turn, until one side is exhausted: a chain that grows at either end costs one pass in all.
  const above = closure(task, dependentsOf);
  const below = closure(future, (each) => each[dependencies]());
  while (true) {
    const up = above.next();
    if (up.done) return false;
    if (up.value === future) return true;
    const down = below.next();
    if (down.done) return false;
    if (down.value === task) return true;
  }
}

/** Yields everything reachable from a future by `step`. */
function* closure(
  start: Future<unknown>,
  step: (future: Future<unknown>) => Iterable<Future<unknown>>,
): Generator<Future<unknown>, void> {
  const reached = new Set([start]);
  for (const each of reached) {
    for (const next of step(each)) {
      yield next;
      if (next[waitsForOthers]) reached.add(next);
    }
  }
}

/** One `await` of a pending future. */
export class Waiter implements Runnable, Wait {
  readonly future: Future<unknown>;
  /** The scope that the `await` is in; `null` outside tasks. */
  scope: Scope | null;
  readonly order: number = nextOrder();
  readonly #line: Line | null;
  readonly #resolve: Resolve;
  readonly #reject: Reject;

  constructor(
    future: Future<unknown>,
    scope: Scope | null,
    line: Line | null,
    resolve: Resolve,
    reject: Reject,
  ) {
    this.future = future;
    this.scope = scope;
    this.#line = line;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get line(): Line {
    return this.#line!;
  }

  cancel(message: CancelMessage): boolean {
    const relay = this.future[asRelay];
    return relay === null
      ? cancelWith(this.future, message)
      : relayCancellation(relay, message);
  }

  get isForOthers(): boolean {
    return this.future[waitsForOthers];
  }

  /** The task that awaits the future, or `null`. */
  get awaiter(): Future<unknown> | null {
    const taskState = this.scope?.taskState;
    return taskState === undefined || taskState.finished
      ? null
      : taskState.task as Future<unknown>;
  }

  get dependent(): Future<unknown> | null {
    return this.awaiter;
  }

  [runStep](): boolean {
    const { scope, line, future } = this;
    if (scope === null) {
      return Waiter.#resumeOutsideTasks(this, letOutTo(this.#reject));
    }
    const { taskState } = scope;
    scope.detach(this);
    if (taskState.finished) {
      return Waiter.#resumeOutsideTasks(this, this.#reject);
    }
    taskState.scheduler.opened(taskState);
    forgetReads();
    beginStep();
    const cancelled = scope.pendingFor(line);
    if (cancelled !== null && !hasOutcomeToTake(future)) {
      scope.reachedLine(line);
      // A cancellation that is already being delivered stays as it is.
      if (!isCancellation(future)) {
        markRetrieved(future);
        Waiter.#throw(this, scope, makeCancelledError(cancelled.message));
        return true;
      }
    }
    if (future.cancelled()) {
      Waiter.#throw(this, scope, thrownBy(future) as CancelledError);
    } else {
      goOn(scope, line);
      deliverTo(future, this.#resolve, this.#reject);
    }
    return true;
  }

  /** Throws a cancellation after the microtasks that are already queued: those belong to other lines. */
  static #throw(waiter: Waiter, scope: Scope, error: CancelledError): void {
    const { line } = waiter;
    noteThrown(error, line);
    queueMicrotask(() => {
      goOn(scope, line);
      waiter.#reject(error);
    });
  }

  static #resumeOutsideTasks(waiter: Waiter, reject: Reject): boolean {
    deliverTo(waiter.future, waiter.#resolve, reject);
    queueMicrotask(waiter.future[home].proceed);
    return true;
  }
}

/** Whether the outcome of a future is delivered despite a pending request to cancel, which the next await meets. */
function hasOutcomeToTake(future: Future<unknown>): boolean {
  return future[isInline] && !isCancellation(future);
}

/** Whether a future ended by a cancellation. */
function isCancellation(future: Future<unknown>): boolean {
  return future.cancelled() ||
    isCancelledError(failureOf(future)?.error);
}
