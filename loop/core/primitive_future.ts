// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  copyThen,
  dependencies,
  describe,
  fail,
  Future,
  type OperationKind,
  type Settlement,
  settleNow,
  waitsForOthers,
  withCancellation,
  withError,
} from "./future.ts";
import {
  asRelay,
  beginToRelay,
  endRelay,
  home,
  interruptRelay,
  type Relay,
  relayCancellation,
  relayed,
} from "./_relay.ts";
import type { Inspectable } from "./inspection.ts";
// Type-only import: a primitive is bound to what is passed in.
import type { Scheduler } from "./scheduler.ts";
import type { CancelMessage } from "./scope.ts";
import { type Runnable, runStep } from "./call.ts";
import { RuntimeError } from "./errors.ts";

const WAITING = 0;
const WOKEN = 1;
const CANCELLED = 2;
const WOKEN_AND_CANCELLED = 3;
const PROCEEDING = 4;
const CANCELLED_WHILE_PROCEEDING = 5;

/**
 * The behavior of the futures of one operation. Its methods do not depend on the current task.
 *
 * @typeParam T The type of the results.
 * @typeParam S The type of the primitive.
 */
export interface PrimitiveBehavior<T, S> extends OperationKind {
  /**
   * Called in place of {@linkcode PrimitiveBehavior.poll} when `select()` begins the operation. Returns how it ends, or
   * `null` if it waits. If it throws, it must not have changed anything.
   */
  begin?(subject: S, operation: PrimitiveFuture<T, S>): Settlement | null;

  /**
   * Called in the turn of an operation that was woken. Returns how it ends, or `null` if it waits again. If it throws,
   * it must not have changed anything; the operation fails with the error, and hands back as if it were cancelled.
   */
  poll(subject: S, operation: PrimitiveFuture<T, S>): Settlement | null;

  /** Called when the operation is cancelled while it waits, before its turn. */
  onCancelled(subject: S, operation: PrimitiveFuture<T, S>): void;

  /**
   * Called in the turn of an operation that was cancelled. If it was woken before that, it passes what it was granted
   * to the next waiter.
   */
  handBack(
    subject: S,
    operation: PrimitiveFuture<T, S>,
    wasWoken: boolean,
  ): void;

  /**
   * Called after {@linkcode PrimitiveBehavior.handBack}, for an operation that has to do something before it ends as
   * cancelled. Returns how it ends, or `null` if it waits again.
   */
  onceAbandoned?(
    subject: S,
    operation: PrimitiveFuture<T, S>,
    message: CancelMessage,
  ): Settlement | null;

  /**
   * Replaces all of this in `cancel()`; returns whether it had an effect. For an operation that ends with a task in
   * another loop.
   */
  cancel?(
    subject: S,
    operation: PrimitiveFuture<T, S>,
    message: CancelMessage,
  ): boolean;

  /**
   * Returns the futures that the operation ends with. `cancel()` cancels them instead.
   */
  dependencies?(subject: S): readonly Future<unknown>[];

  /** Returns the object of the library that the operation is on, for snapshots. */
  objectOf?(subject: S): Inspectable | null;

  /** Called when cancelling them had an effect. */
  onRelayed?(subject: S, message: CancelMessage): void;
}

/** Returns which operation a future is of, on which object, and whether its turn has come. */
export let operationOf: (
  future: PrimitiveFuture<unknown>,
) => { name: string; on: Inspectable | null; isReady: boolean };

/**
 * The future of an operation on a primitive. It waits until it is woken; at the start of the awaiting task's step,
 * before the task's own code, it decides how it ends.
 *
 * It can still be cancelled between `wake()` and that moment; what it was granted then goes to the next waiter.
 */
// One class for all operations, with the links of the wait queue: the engine is faster with fewer classes of futures.
// With a class for each operation, queues were half as fast.
export class PrimitiveFuture<T, S = unknown> extends Future<T>
  implements Relay, Runnable {
  readonly #behavior: PrimitiveBehavior<T, S>;
  readonly #subject: S;
  #stage:
    | typeof WAITING
    | typeof WOKEN
    | typeof CANCELLED
    | typeof WOKEN_AND_CANCELLED
    | typeof PROCEEDING
    | typeof CANCELLED_WHILE_PROCEEDING = WAITING;
  #message: CancelMessage = undefined;
  #line: WaitQueue | null = null;
  #previous: PrimitiveFuture<unknown> | null = null;
  #next: PrimitiveFuture<unknown> | null = null;

  static {
    copyThen(this.prototype);
    operationOf = (future) => {
      const behavior = future.#behavior;
      const subject = future.#subject;
      return {
        name: behavior.name,
        isReady: future.#stage !== WAITING,
        on: behavior.objectOf?.(subject) ?? null,
      };
    };
  }

  constructor(scheduler: Scheduler, kind: PrimitiveBehavior<T, S>, subject: S) {
    super(scheduler);
    this.#behavior = kind;
    this.#subject = subject;
  }

  /** Completes a new operation without a wait, if possible; returns whether it did. */
  tryNow(): boolean {
    const settlement = this.#behavior.poll(this.#subject, this);
    if (settlement === null) return false;
    settleNow(this as Future<unknown>, settlement);
    return true;
  }

  /** Wakes the operation, if it waits: it continues in its turn. */
  wake(): void {
    if (this.#stage !== WAITING) return;
    this.#stage = WOKEN;
    this[home].enqueue(this);
  }

  override cancel(msg?: string): boolean {
    if (this.done()) return false;
    const kind = this.#behavior;
    if (kind.dependencies !== undefined) return relayCancellation(this, msg);
    if (kind.cancel !== undefined) {
      return kind.cancel(this.#subject, this, msg);
    }
    if (this.#stage === WAITING) {
      this.#message = msg;
      PrimitiveFuture.#cancelWaiting(this);
    } else if (this.#stage >= PROCEEDING) {
      this.#stage = CANCELLED_WHILE_PROCEEDING;
      this.#message = msg;
    } else if (this.#stage !== CANCELLED) {
      // As in asyncio, the last message counts here, but the first if the wait itself was cancelled.
      this.#stage = WOKEN_AND_CANCELLED;
      this.#message = msg;
    }
    return true;
  }

  /** The kind of the operation. */
  get behavior(): PrimitiveBehavior<T, S> {
    return this.#behavior;
  }

  override toString(): string {
    return describe(this as Future<unknown>, this.#behavior.name);
  }

  /** @ignore */
  override get [waitsForOthers](): boolean {
    const { cancel, dependencies } = this.#behavior;
    return (cancel ?? dependencies) !== undefined;
  }

  /** @ignore */
  override [dependencies](): readonly Future<unknown>[] {
    if (this.done()) return [];
    return this.#behavior.dependencies?.(this.#subject) ?? [];
  }

  /** @ignore */
  override get [asRelay](): Relay | null {
    const isRelay = this.#behavior.dependencies !== undefined && !this.done();
    return isRelay ? this : null;
  }

  /** @ignore */
  [beginToRelay](): readonly Future<unknown>[] {
    return this[dependencies]();
  }

  /** @ignore */
  [relayed](): void {}

  /** @ignore */
  [endRelay](message: CancelMessage, reached: boolean): boolean {
    if (reached) this.#behavior.onRelayed?.(this.#subject, message);
    return reached;
  }

  /** @ignore */
  [interruptRelay](): void {}

  /** @ignore */
  [runStep](): boolean {
    const stage = this.#stage;
    if (stage !== WOKEN) return PrimitiveFuture.#endCancelled(this, stage);
    this.#stage = PROCEEDING;
    let settlement: Settlement | null;
    try {
      settlement = this.#behavior.poll(this.#subject, this);
    } catch (error) {
      this.#behavior.handBack(this.#subject, this, true);
      settlement = withError(error);
    }
    if (PrimitiveFuture.#isCancelledMeanwhile(this)) {
      if (settlement !== null) settlement = withCancellation(this.#message);
      else PrimitiveFuture.#cancelWaiting(this);
    } else {
      this.#stage = WAITING;
    }
    return settlement === null
      ? false
      : settleNow(this as Future<unknown>, settlement);
  }

  /** Whether user code that `poll()` called, such as a predicate, has cancelled the operation. */
  static #isCancelledMeanwhile(operation: PrimitiveFuture<unknown>): boolean {
    return operation.#stage === CANCELLED_WHILE_PROCEEDING;
  }

  static #cancelWaiting(operation: PrimitiveFuture<unknown>): void {
    operation.#stage = CANCELLED;
    operation.#behavior.onCancelled(operation.#subject, operation);
    operation[home].enqueue(operation);
  }

  static #endCancelled(
    operation: PrimitiveFuture<unknown>,
    stage: number,
  ): boolean {
    const kind = operation.#behavior;
    const message = operation.#message;
    kind.handBack(operation.#subject, operation, stage === WOKEN_AND_CANCELLED);
    if (kind.onceAbandoned === undefined) {
      return settleNow(operation as Future<unknown>, withCancellation(message));
    }
    operation.#stage = WAITING;
    const settlement = kind.onceAbandoned(
      operation.#subject,
      operation,
      message,
    );
    return settlement === null
      ? false
      : settleNow(operation as Future<unknown>, settlement);
  }

  /** Appends the operation to a queue; it must not be in one. */
  joinQueue(line: WaitQueue): void {
    this.#line = line;
    line.size++;
    this.#previous = line.last;
    if (line.last === null) line.first = this;
    else line.last.#next = this;
    line.last = this;
  }

  /** Removes the operation from its queue, if it is in one. */
  leaveQueue(): void {
    const line = this.#line;
    if (line === null) return;
    line.size--;
    const previous = this.#previous;
    const next = this.#next;
    if (previous === null) line.first = next;
    else previous.#next = next;
    if (next === null) line.last = previous;
    else next.#previous = previous;
    this.#line = null;
    this.#previous = null;
    this.#next = null;
  }
}

/**
 * A FIFO queue of operations that wait for the same thing. It is a linked list, so that joining allocates nothing and
 * leaving from the middle takes no search.
 */
export class WaitQueue {
  /** The first operation, or `null`. */
  first: PrimitiveFuture<unknown> | null = null;
  /** The last operation, or `null`. */
  last: PrimitiveFuture<unknown> | null = null;
  /** The number of operations. */
  size = 0;

  /** Removes and wakes the first operation; returns whether there was one. */
  wakeOne(): boolean {
    const first = this.first;
    if (first === null) return false;
    first.leaveQueue();
    first.wake();
    return true;
  }

  /** Removes and wakes all operations. */
  wakeAll(): void {
    while (this.wakeOne());
  }
}

/** Creates a future that has failed. */
export function failed<T>(scheduler: Scheduler, error: unknown): Future<T> {
  const future = new Future<T>(scheduler);
  fail(future as Future<unknown>, error);
  return future;
}

/** The loop that a primitive belongs to: that in which it is first waited for, as in asyncio. */
export class LoopBound {
  readonly #primitive: string;
  #scheduler: Scheduler | null = null;

  /** `primitive` is its name in messages. */
  constructor(primitive: string) {
    this.#primitive = primitive;
  }

  /** Binds the primitive; returns the error if it is bound to another loop. */
  bind(scheduler: Scheduler): RuntimeError | null {
    if ((this.#scheduler ??= scheduler) === scheduler) return null;
    return new RuntimeError(
      `Cannot wait for the ${this.#primitive} as it is bound to another event loop`,
    );
  }
}

/** Returns how `select()` waits for an object and takes from it. */
export const source: unique symbol = Symbol("source");

/** Returns how `select()` puts an item into an object. */
export const sink: unique symbol = Symbol("sink");

/** An operation that `select()` may perform. It uses the behavior of the object's own operation. */
export interface Source<T = unknown> {
  /** The type of the value that is taken; it is never set. */
  readonly value?: T;
  readonly behavior: PrimitiveBehavior<unknown, never>;
  readonly subject: unknown;
}
