// Copyright 2026 the asyncio for Deno authors. MIT license.

import { awaitFuture, noteRead, Waiter } from "./_await.ts";
import {
  deliverTo,
  dependencies,
  grantAccess,
  home,
  isInline,
  observedBy,
  type Observer,
  type Reject,
  type Resolve,
  settleNow,
  waitsForOthers,
} from "./_future_access.ts";
import { asRelay, type Relay } from "./_relay.ts";
import {
  CANCELLED,
  FAILED,
  FULFILLED,
  PENDING,
  type Settlement,
  type State,
  STATE_NAMES,
} from "./_settlement.ts";
import { forgetFailure, watchFailure } from "./introspection/unretrieved.ts";
import { makeCancelledError } from "./cancelled_error.ts";
import { InvalidStateError, RuntimeError } from "./errors.ts";
// Of types only: a future tells its loop, and a loop makes futures.
import type { EventLoop } from "../event_loop.ts";
import { Call } from "./call.ts";
import { callbackOf, Handle } from "./handle.ts";
import { currentScheduler, Scheduler, schedulerOf } from "./scheduler.ts";
import type { CancelMessage } from "./scope.ts";
import { runStep } from "./runnable.ts";
import { keepCreation, noteAwait } from "./introspection/source_stacks.ts";
import { asError, isInstance, propertyOf } from "./unknown_value.ts";
import { assertFunction, assertOptions } from "./validate.ts";

export {
  cancelPending,
  cancelWith,
  dependencies,
  dependentsOf,
  fail,
  failureOf,
  fulfil,
  fulfilled,
  homeOf,
  isAwaited,
  isInline,
  markRetrieved,
  observe,
  observingFutures,
  settle,
  thrownBy,
  unobserve,
  waitsForOthers,
} from "./_future_access.ts";
export {
  Settlement,
  withCancellation,
  withError,
  withResult,
} from "./_settlement.ts";

/** How a future is called in messages. */
export const label: unique symbol = Symbol("label");

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
    grantAccess({
      fulfil: (future, value) => future.#settle(FULFILLED, value),
      settle: (future, { state, outcome }) => future.#settle(state, outcome),
      fail: (future, error) => future.#settle(FAILED, error),
      cancelPending: (future, message) => future.#settle(CANCELLED, message),
      cancelWith: (future, message) => {
        try {
          return future.cancel(message as string | undefined);
        } catch (exception) {
          future.#scheduler.reportThrown({
            message: "The cancel() of a future failed",
            exception,
            future,
          });
          return false;
        }
      },
      pending: (scheduler) => new Future(scheduler),
      fulfilled: (scheduler, value) => {
        const future = new Future<typeof value>(scheduler);
        future.#state = FULFILLED;
        future.#outcome = value;
        return future;
      },
      observe: (future, callback, awaiter = null, dependent = null) => {
        const observer = new LibraryCallback(
          callback as (future: unknown) => void,
          future,
          awaiter,
          dependent,
        );
        if (future.#state === PENDING) future[observedBy](observer);
        else future.#scheduler.enqueue(observer);
      },
      unobserve: (future, callback) => {
        future.#dismiss((observer) =>
          observer instanceof LibraryCallback && observer.fn === callback
        );
      },
      observingFutures: (future) =>
        future.#observers().map((each) => each.awaiter).filter((each) =>
          each != null && !each.done()
        ) as Future<unknown>[],
      dependentsOf: (future) => future.#dependents(),
      thrownBy: (future) => future.#error(),
      failureOf: (future) =>
        future.#state === FAILED ? { error: future.#outcome } : undefined,
      markRetrieved: (future) => future.#markRetrieved(),
      isAwaited: (future) =>
        future.#observers().some((each) => !(each instanceof Handle)),
      isObserved: (future) => future.#observer !== null,
    });
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
    if (this.#scheduler.debug !== null) keepCreation(this, new.target);
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

  /** @ignore */
  [runStep](): boolean {
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
    return asError(this.#error(), "A value that is no Error was thrown: ");
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
   * @param error The exception: anything that can be thrown, or a class of errors to make one of.
   * @throws {InvalidStateError} If the future is done already.
   */
  setException(error: unknown): void {
    this.#assertPending("exception");
    const exception = isErrorClass(error) ? new error() : error;
    // The constructor is user code, which may have settled the future.
    this.#assertPending("exception");
    this.#settle(FAILED, exception);
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
    assertFunction("The callback of addDoneCallback()", fn);
    const handle = new Handle(
      this.#scheduler,
      fn as (...args: unknown[]) => unknown,
      [this],
    );
    if (this.#state === PENDING) this[observedBy](handle);
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
  // A getter, because `await` and a direct call of `then` can be told apart by when it is read.
  get then(): Promise<T>["then"] {
    if (this.#scheduler.debug !== null && this.#state === PENDING) {
      noteAwait(this);
    }
    noteRead(this, this.#state === PENDING);
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

  /** @ignore */
  [settleNow]({ state, outcome }: Settlement): boolean {
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
    return first[runStep]();
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

  /** @ignore */
  [observedBy](observer: Observer): void {
    if (this.#observer === null) this.#observer = observer;
    else (this.#moreObservers ??= []).push(observer);
  }

  /** Drops those observers that are meant; returns how many they were. */
  #dismiss(isMeant: (observer: Observer) => boolean): number {
    let dismissed = 0;
    for (const observer of this.#takeObservers()) {
      if (isMeant(observer)) dismissed++;
      else this[observedBy](observer);
    }
    return dismissed;
  }

  #observers(): Observer[] {
    const first = this.#observer === null ? [] : [this.#observer];
    return [...first, ...this.#moreObservers ?? []];
  }

  /** One by one: a question about the first few must not cost as much as one about all. */
  *#dependents(): Generator<Future<unknown>> {
    const first = this.#observer?.dependent;
    if (first != null) yield first;
    for (const { dependent } of this.#moreObservers ?? []) {
      if (dependent != null) yield dependent;
    }
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

  /** @ignore */
  [deliverTo](resolve: Resolve, reject: Reject): void {
    if (this.#state === FULFILLED) resolve(this.#outcome);
    else reject(this.#error());
  }
}

/** Whether it is a class that can be called without arguments for an error. */
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
