// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError, makeCancelledError } from "./cancelled_error.ts";
import { InvalidStateError, RuntimeError } from "./errors.ts";
// Of types only: a future tells its loop, and a loop makes futures.
import type { EventLoop } from "./event_loop.ts";
import { callbackOf, Handle } from "./handle.ts";
import {
  type CancelMessage,
  type Coroutine,
  currentCoroutine,
  currentScheduler,
  type Entry,
  execute,
  Scheduler,
  schedulerOf,
  type Wait,
} from "./scheduler.ts";
import { keepCreation, noteAwait } from "./_source_stacks.ts";
import { forgetFailure, watchFailure } from "./_unretrieved.ts";

const PENDING = 0;
const FULFILLED = 1;
const FAILED = 2;
const CANCELLED = 3;
type State =
  | typeof PENDING
  | typeof FULFILLED
  | typeof FAILED
  | typeof CANCELLED;

const STATE_NAMES = ["pending", "finished", "failed", "cancelled"] as const;

/** How a future is called in messages. */
export const label: unique symbol = Symbol("label");

/** The two ends of a promise. */
type Resolve = (value: unknown) => void;
type Reject = (error: unknown) => void;

// For the rest of the library: what a future lets its subclasses and its scheduler do.

/** Gives the future its result, whatever its class. */
export let fulfil: <T>(future: Future<T>, value: T) => void;
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
/** Settles the future from its own entry: the task that awaits it first goes on in that entry. */
export let settleInEntry: (
  future: Future<unknown>,
  settlement: Settlement,
) => boolean;
/** A future that is done. */
export let fulfilled: <T>(scheduler: Scheduler, value: T) => Future<T>;
/** The scheduler that a future belongs to. */
export let homeOf: (future: Future<unknown>) => Scheduler;
/** As `addDoneCallback()`, for callbacks of the library: in no async context of the user's. */
export let observe: <F extends Future<unknown>>(
  future: F,
  callback: (future: F) => void,
  /** What awaits the future in this way, for the call graph. */
  awaiter?: Future<unknown> | null,
) => void;
/** Takes every such callback back. */
export let unobserve: <F extends Future<unknown>>(
  future: F,
  callback: (future: F) => void,
) => void;
/** The tasks and futures that are known to await a future, in the order in which they came. */
export let observingFutures: (future: Future<unknown>) => Future<unknown>[];
/** The coroutine whose end the future is, or `null`: a task has one. */
export const bodyOf: unique symbol = Symbol("body");
/** Whether the end of the future waits for that of other futures: only so can futures wait in a circle. */
export const waitsForOthers: unique symbol = Symbol("waits for others");
/** What was thrown, as it was thrown; marks it as retrieved. The future failed or was cancelled. */
export let thrownBy: (future: Future<unknown>) => unknown;
/** The error of a future that failed, without marking it as retrieved. */
export let failureOf: (
  future: Future<unknown>,
) => { error: unknown } | undefined;
/** The future's exception is no longer worth a report. */
export let markRetrieved: (future: Future<unknown>) => void;

/** Hands the outcome of a future that is done to one who awaited it. */
let deliver: (
  future: Future<unknown>,
  resolve: Resolve,
  reject: Reject,
) => void;

let thenByAwait: (
  future: Future<unknown>,
  resolve: Resolve,
  reject: Reject,
) => void;
let thenByCall: (
  future: Future<unknown>,
  onFulfilled?: ((value: unknown) => unknown) | null,
  onRejected?: ((reason: unknown) => unknown) | null,
) => Promise<unknown>;

/** How an operation ends. */
export class Settlement {
  constructor(
    readonly state: Exclude<State, typeof PENDING>,
    readonly outcome: unknown,
  ) {}
}

/** A settlement with a result. */
export function withResult(result: unknown): Settlement {
  return new Settlement(FULFILLED, result);
}

/** A settlement with an error. */
export function withError(error: unknown): Settlement {
  return new Settlement(FAILED, error);
}

/** A settlement by cancellation. */
export function withCancellation(message: CancelMessage): Settlement {
  return new Settlement(CANCELLED, message);
}

/**
 * The options of a {@linkcode Future}.
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
 * task, `await` and `then` count as awaiting it: cancelling the task cancels the future.
 * {@linkcode Future.addDoneCallback} only observes.
 *
 * A future whose result is itself a thenable cannot be told from that thenable by `await`, since
 * JavaScript unwraps it; `result()` returns it as it is.
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
 * @see {@link https://docs.python.org/3/library/asyncio-future.html#asyncio.Future}
 */
export class Future<T = unknown> implements Promise<T> {
  readonly #scheduler: Scheduler;
  #state: State = PENDING;
  /** The result, the error, or what the canceller said. */
  #outcome: unknown = undefined;
  /** Who wants to know, in the order in which they came. */
  #observer: Observer | null = null;
  #moreObservers: Observer[] | null = null;
  /** The error is set and nobody has seen it yet. */
  #unretrieved = false;

  static {
    fulfil = (future, value) => future.#settle(FULFILLED, value);
    fail = (future, error) => future.#settle(FAILED, error);
    cancelPending = (future, message) => future.#settle(CANCELLED, message);
    cancelWith = (future, message) =>
      future.cancel(message as string | undefined);
    settleInEntry = (future, settlement) => future.#settleInEntry(settlement);
    fulfilled = (scheduler, value) => {
      const future = new Future<typeof value>(scheduler);
      future.#state = FULFILLED;
      future.#outcome = value;
      return future;
    };
    homeOf = (future) => future.#scheduler;
    observe = (future, callback, awaiter = null) => {
      const observer = new LibraryCallback(
        callback as (future: unknown) => void,
        future,
        awaiter,
      );
      if (future.#state === PENDING) future.#observe(observer);
      else future.#scheduler.enqueue(observer);
    };
    unobserve = (future, callback) => {
      future.#dismiss((observer) =>
        observer instanceof LibraryCallback && observer.callback === callback
      );
    };
    observingFutures = (future) =>
      future.#observers().map(awaiterOf).filter((each) => each !== null);
    thrownBy = (future) => future.#error();
    failureOf = (future) =>
      future.#state === FAILED ? { error: future.#outcome } : undefined;
    markRetrieved = (future) => future.#markRetrieved();
    thenByAwait = (future, resolve, reject) =>
      future.#awaitNatively(resolve, reject);
    thenByCall = (future, f, g) => future.#awaitByCall(f, g);
    deliver = (future, resolve, reject) => future.#deliver(resolve, reject);
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
      : options?.loop === undefined
      ? currentScheduler()
      : schedulerOf(options.loop);
    if (this.#scheduler.debug !== null) keepCreation(this, new.target);
  }

  /** @ignore */
  get [bodyOf](): Coroutine | null {
    return null;
  }

  /** @ignore */
  get [waitsForOthers](): boolean {
    return false;
  }

  /** @ignore */
  [execute](): boolean {
    throw new RuntimeError("A future has nothing to run");
  }

  /**
   * Whether the future has a result, an exception, or was cancelled.
   *
   * @returns `true` if it is done.
   */
  done(): boolean {
    return this.#state !== PENDING;
  }

  /**
   * Whether the future was cancelled.
   *
   * @returns `true` if it was.
   */
  cancelled(): boolean {
    return this.#state === CANCELLED;
  }

  /**
   * The result.
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
        throw this.#error();
    }
  }

  /**
   * The exception.
   *
   * @returns The exception, `null` if the future has a result. What was thrown without being an
   * `Error` comes wrapped in one, as its `cause`.
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
        throw this.#error();
    }
    const error = this.#error();
    if (error instanceof Error) return error;
    return new Error(`A value that is no Error was thrown: ${String(error)}`, {
      cause: error,
    });
  }

  /**
   * Marks the future as done with a result.
   *
   * @param value The result.
   * @throws {InvalidStateError} If the future is done already.
   */
  setResult(value: T): void {
    this.#assertPending("result");
    this.#settle(FULFILLED, value);
  }

  /**
   * Marks the future as done with an exception. One that nobody retrieves is reported to the loop's
   * exception handler.
   *
   * @param error The exception, or a class of errors to make one of.
   * @throws {InvalidStateError} If the future is done already.
   * @throws {TypeError} If `error` is neither an `Error` nor a class of errors.
   */
  setException(error: Error | (new () => Error)): void {
    this.#assertPending("exception");
    const isClass = typeof error === "function" &&
      (error === Error || error.prototype instanceof Error);
    if (!isClass && !(error instanceof Error)) {
      throw new TypeError(
        `setException() takes an Error or a class of errors: received ${
          error === null ? "null" : typeof error
        }`,
      );
    }
    this.#settle(FAILED, isClass ? new error() : error);
  }

  /**
   * Cancels the future and schedules its callbacks. Who awaits it gets a `CancelledError`.
   *
   * @param msg What the `CancelledError` says.
   * @returns `false` if the future was done already, and nothing changed.
   */
  cancel(msg?: string): boolean {
    if (this.#state !== PENDING) return false;
    this.#settle(CANCELLED, msg);
    return true;
  }

  /**
   * Calls `fn` with the future once it is done: soon, if it is done already. The callback runs in
   * the async context in which it was added.
   *
   * @param fn The callback.
   */
  addDoneCallback(fn: (future: this) => unknown): void {
    if (typeof fn !== "function") {
      throw new TypeError(
        `Cannot add a callback: expected a function, received ${typeof fn}`,
      );
    }
    const handle = new Handle(
      this.#scheduler,
      fn as (...args: unknown[]) => unknown,
      [this],
    );
    if (this.#state === PENDING) this.#observe(handle);
    else this.#scheduler.enqueue(handle);
  }

  /**
   * Removes every registration of a callback.
   *
   * @param fn The callback.
   * @returns How many registrations there were.
   */
  removeDoneCallback(fn: (future: this) => unknown): number {
    return this.#dismiss((observer) =>
      observer instanceof Handle && callbackOf(observer) === fn
    );
  }

  /**
   * The loop that the future belongs to.
   *
   * @returns The loop.
   */
  getLoop(): EventLoop {
    return this.#scheduler.loop;
  }

  /**
   * Awaits the future, as a promise's `then` does; `await` reads it. Inside a task it counts as the
   * task's awaiting.
   */
  // A getter, because `await` reads `then` at once and calls it in a microtask of its own, whereas a
  // program that writes `future.then(f)` calls it at once. So the two can be told apart: `await`
  // resumes its caller by itself in the right async context, `f` needs that from us.
  get then(): Promise<T>["then"] {
    if (justRead === null) queueMicrotask(forgetRead);
    justRead = this;
    if (this.#scheduler.debug !== null && this.#state === PENDING) {
      noteAwait(this);
    }
    outstandingReads++;
    return awaitFuture as Promise<T>["then"];
  }

  /**
   * Awaits the future and handles its failure, as a promise's `catch` does.
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
   * Awaits the future and calls back in any case, as a promise's `finally` does.
   *
   * @param onFinally Called once the future is done.
   * @returns A promise of the result.
   */
  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.then().finally(onFinally);
  }

  /**
   * What the future is and how it stands, for messages: `<Future pending>`.
   *
   * @returns The text.
   */
  toString(): string {
    return `<${this[label]} ${STATE_NAMES[this.#state]}>`;
  }

  /** @ignore */
  get [label](): string {
    return "Future";
  }

  /** @ignore */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** What `Object.prototype.toString` says. */
  get [Symbol.toStringTag](): string {
    return "Future";
  }

  #assertPending(what: string): void {
    if (this.#state === PENDING) return;
    throw new InvalidStateError(
      `Cannot set the ${what} as the future is done already`,
    );
  }

  #settle(state: State, outcome: unknown): void {
    const first = this.#observer;
    const more = this.#moreObservers;
    this.#become(state, outcome);
    if (first !== null) this.#scheduler.enqueue(first);
    if (more !== null) {
      for (const observer of more) this.#scheduler.enqueue(observer);
    }
  }

  #settleInEntry({ state, outcome }: Settlement): boolean {
    const first = this.#observer;
    if (!(first instanceof Waiter)) {
      this.#settle(state, outcome);
      return false;
    }
    const more = this.#moreObservers;
    this.#become(state, outcome);
    if (more !== null) {
      for (const observer of more) this.#scheduler.enqueue(observer);
    }
    return first[execute]();
  }

  #become(state: State, outcome: unknown): void {
    this.#state = state;
    this.#outcome = outcome;
    if (state === FAILED) {
      this.#unretrieved = true;
      if (!(this.#observer instanceof Waiter)) {
        watchFailure(this, this.#scheduler, outcome);
      }
    }
    this.#observer = null;
    this.#moreObservers = null;
  }

  #observe(observer: Observer): void {
    if (this.#observer === null) this.#observer = observer;
    else (this.#moreObservers ??= []).push(observer);
  }

  /** Drops those observers that are meant; returns how many they were. */
  #dismiss(isMeant: (observer: Observer) => boolean): number {
    let dismissed = 0;
    for (const observer of this.#takeObservers()) {
      if (isMeant(observer)) dismissed++;
      else this.#observe(observer);
    }
    return dismissed;
  }

  #observers(): Observer[] {
    const first = this.#observer === null ? [] : [this.#observer];
    return [...first, ...this.#moreObservers ?? []];
  }

  #takeObservers(): Observer[] {
    const observers = this.#observers();
    this.#observer = null;
    this.#moreObservers = null;
    return observers;
  }

  /** What arises at an `await` of this future, which failed or was cancelled. */
  #error(): unknown {
    if (this.#state === CANCELLED) {
      // One error for all who await: it says the same to each.
      return this.#outcome = makeCancelledError(this.#outcome as CancelMessage);
    }
    this.#markRetrieved();
    return this.#outcome;
  }

  #markRetrieved(): void {
    if (!this.#unretrieved) return;
    this.#unretrieved = false;
    forgetFailure(this);
  }

  /** `await` in whatever code: `resolve` and `reject` resume it. */
  #awaitNatively(resolve: Resolve, reject: Reject): void {
    if (this.#state !== PENDING) {
      this.#deliver(resolve, reject);
      return;
    }
    const coroutine = currentCoroutine();
    if (!this.#addWaiter(coroutine, resolve, reject)) return;
    if (coroutine === null) return;
    // Nothing of the user's is on the stack, so the next entry can run right here, unless another
    // branch of the task is about to await something too: that still belongs to this step.
    if (outstandingReads === 0) coroutine.scheduler.ended(coroutine);
    else coroutine.scheduler.suspended(coroutine);
  }

  /** `future.then(f)` in the middle of other code. */
  #awaitByCall<A, B>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#state !== PENDING) {
      this.#deliver(resolve as Resolve, reject);
    } else {
      const coroutine = currentCoroutine();
      this.#addWaiter(coroutine, resolve as Resolve, reject);
      coroutine?.scheduler.suspended(coroutine);
    }
    return promise.then(onFulfilled, onRejected);
  }

  #addWaiter(
    coroutine: Coroutine | null,
    resolve: Resolve,
    reject: Reject,
  ): boolean {
    const misuse = coroutine === null ? null : this.#misuseBy(coroutine);
    if (misuse !== null) {
      reject(misuse);
      return false;
    }
    const waiter = new Waiter(this, coroutine, resolve, reject);
    this.#observe(waiter);
    if (coroutine !== null) {
      coroutine.attach(waiter);
      if (coroutine.mustCancel && coroutine.takeCancellation()) {
        waiter.cancel(coroutine.cancelMessage);
      }
    }
    return true;
  }

  #misuseBy(coroutine: Coroutine): RuntimeError | null {
    if (coroutine.scheduler !== this.#scheduler) {
      return new RuntimeError(
        "Cannot await a future that belongs to another event loop",
      );
    }
    const task = coroutine.task as Future<unknown>;
    if (this === task) return new RuntimeError("A task cannot await itself");
    if (!this[waitsForOthers] || task.#observer === null) return null;
    if (!isAwaitedBy(task, this)) return null;
    return new RuntimeError("A task cannot await what awaits the task");
  }

  /** Hands the outcome to one who awaited it. */
  #deliver(resolve: Resolve, reject: Reject): void {
    if (this.#state === FULFILLED) resolve(this.#outcome);
    else reject(this.#error());
  }
}

/** Who wants to know that a future is done. */
type Observer = Waiter | Handle | LibraryCallback;

/** One `await` of a pending future. */
class Waiter implements Entry, Wait {
  readonly future: Future<unknown>;
  readonly #coroutine: Coroutine | null;
  readonly #resolve: Resolve;
  readonly #reject: Reject;

  constructor(
    future: Future<unknown>,
    coroutine: Coroutine | null,
    resolve: Resolve,
    reject: Reject,
  ) {
    this.future = future;
    this.#coroutine = coroutine;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  cancel(message: CancelMessage): boolean {
    return cancelWith(this.future, message);
  }

  /** The task that awaits the future, or `null`. */
  get awaiter(): Future<unknown> | null {
    const coroutine = this.#coroutine;
    return coroutine === null || coroutine.finished
      ? null
      : coroutine.task as Future<unknown>;
  }

  [execute](): boolean {
    const coroutine = this.#coroutine;
    if (coroutine === null) return this.#resumeOutsideTasks();
    coroutine.detach(this);
    if (coroutine.finished) return this.#resumeOutsideTasks();
    coroutine.scheduler.opened(coroutine);
    outstandingReads = 0;
    const isCancelled = coroutine.mustCancel && coroutine.takeCancellation();
    // A cancellation that is on its way already stays as it is.
    if (isCancelled && !isCancellation(this.future)) {
      markRetrieved(this.future);
      this.#reject(makeCancelledError(coroutine.cancelMessage));
    } else {
      deliver(this.future, this.#resolve, this.#reject);
    }
    return true;
  }

  #resumeOutsideTasks(): boolean {
    deliver(this.future, this.#resolve, this.#reject);
    queueMicrotask(homeOf(this.future).proceed);
    return true;
  }
}

/** The future whose `then` was read in this microtask, or `null`. */
let justRead: Future<unknown> | null = null;

/** How often, in this step, `then` was read and what that gave is yet to be called. */
let outstandingReads = 0;

function forgetRead(): void {
  justRead = null;
}

/** What `future.then` is. */
function awaitFuture(
  this: Future<unknown>,
  onFulfilled?: ((value: unknown) => unknown) | null,
  onRejected?: ((reason: unknown) => unknown) | null,
): Promise<unknown> | undefined {
  if (outstandingReads > 0) outstandingReads--;
  if (justRead === this) return thenByCall(this, onFulfilled, onRejected);
  thenByAwait(this, onFulfilled as Resolve, onRejected as Reject);
  return undefined;
}

/** A callback of the library's own. */
class LibraryCallback implements Entry {
  readonly callback: (future: unknown) => void;
  readonly awaiter: Future<unknown> | null;
  readonly #future: unknown;

  constructor(
    callback: (future: unknown) => void,
    future: unknown,
    awaiter: Future<unknown> | null,
  ) {
    this.callback = callback;
    this.awaiter = awaiter;
    this.#future = future;
  }

  [execute](): boolean {
    this.callback(this.#future);
    return false;
  }
}

function awaiterOf(observer: Observer): Future<unknown> | null {
  return observer instanceof Handle ? null : observer.awaiter;
}

/** Whether `awaiter` awaits `future`, itself or through others. */
function isAwaitedBy(
  future: Future<unknown>,
  awaiter: Future<unknown>,
): boolean {
  const awaited = new Set([future]);
  for (const each of awaited) {
    for (const other of observingFutures(each)) {
      if (other === awaiter) return true;
      awaited.add(other);
    }
  }
  return false;
}

/** Whether a future ends by a cancellation. */
function isCancellation(future: Future<unknown>): boolean {
  return future.cancelled() || future.exception() instanceof CancelledError;
}
