// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  dependencies,
  describe,
  fail,
  Future,
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
import type { Scheduler } from "./scheduler.ts";
import type { CancelMessage } from "./scope.ts";
import { type Runnable, runStep } from "./runnable.ts";

const WAITING = 0;
const WOKEN = 1;
const CANCELLED = 2;
const WOKEN_AND_CANCELLED = 3;
const PROCEEDING = 4;
const CANCELLED_WHILE_PROCEEDING = 5;

/**
 * What operations of one kind do. None of it runs code of the user's or looks at the current task.
 *
 * @typeParam T The type of the operations' results.
 * @typeParam S The type of what they are done on.
 */
export interface PrimitiveBehavior<T, S> {
  /** What the operations are called in messages: that which a program calls. */
  readonly name: string;

  /**
   * The wait is over: how the operation ends, or `null` if it waits again. One that throws has changed
   * nothing, fails with what it threw, and is abandoned as if it had been cancelled.
   */
  poll(subject: S, operation: PrimitiveFuture<T, S>): Settlement | null;

  /** The operation was cancelled while it waited; its turn is yet to come. */
  onCancelled(subject: S, operation: PrimitiveFuture<T, S>): void;

  /**
   * The operation is cancelled, and its turn has come: if it had been woken before, it hands on what
   * it was granted.
   */
  handBack(
    subject: S,
    operation: PrimitiveFuture<T, S>,
    wasWoken: boolean,
  ): void;

  /**
   * For an operation that has something to do before it ends as cancelled: how it ends then, or `null` if it
   * waits once more. Comes after {@linkcode PrimitiveBehavior.handBack}.
   */
  onceAbandoned?(
    subject: S,
    operation: PrimitiveFuture<T, S>,
    message: CancelMessage,
  ): Settlement | null;

  /**
   * What `cancel()` does in place of all this; returns whether that had an effect. For an operation whose end
   * is that of a task in another loop.
   */
  cancel?(
    subject: S,
    operation: PrimitiveFuture<T, S>,
    message: CancelMessage,
  ): boolean;

  /**
   * For an operation whose end is that of other futures: those. `cancel()` cancels them in place of all this.
   */
  dependencies?(subject: S): readonly Future<unknown>[];

  /** They were cancelled, and that had an effect. */
  onRelayed?(subject: S, message: CancelMessage): void;
}

/**
 * A future that is the work of a primitive: it waits until somebody wakes it, and then, at the start
 * of the awaiting task's step and before the task's own code, decides how it ends.
 *
 * Between `wake()` and that moment it may still be cancelled: what it had been granted must then be
 * handed on.
 */
// One class for all kinds, and the links of the line in it: the engine handles a future faster, the
// fewer classes of futures a program uses. With a class for each, a queue was half as fast.
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

  constructor(scheduler: Scheduler, kind: PrimitiveBehavior<T, S>, subject: S) {
    super(scheduler);
    this.#behavior = kind;
    this.#subject = subject;
  }

  /** Proceeds without a wait, if it can: for one that has just been made. */
  tryNow(): boolean {
    const settlement = this.#behavior.poll(this.#subject, this);
    if (settlement === null) return false;
    settleNow(this as Future<unknown>, settlement);
    return true;
  }

  /** Ends the wait, unless it has ended: the operation goes on in its turn. */
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
      this.#cancelWaiting();
    } else if (this.#stage >= PROCEEDING) {
      this.#stage = CANCELLED_WHILE_PROCEEDING;
      this.#message = msg;
    } else if (this.#stage !== CANCELLED) {
      // As in asyncio, the last message counts here, and the first where the wait itself was cancelled.
      this.#stage = WOKEN_AND_CANCELLED;
      this.#message = msg;
    }
    return true;
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
    if (stage !== WOKEN) return this.#endCancelled(stage);
    this.#stage = PROCEEDING;
    let settlement: Settlement | null;
    try {
      settlement = this.#behavior.poll(this.#subject, this);
    } catch (error) {
      this.#behavior.handBack(this.#subject, this, true);
      settlement = withError(error);
    }
    if (this.#isCancelledMeanwhile) {
      if (settlement !== null) settlement = withCancellation(this.#message);
      else this.#cancelWaiting();
    } else {
      this.#stage = WAITING;
    }
    return settlement === null
      ? false
      : settleNow(this as Future<unknown>, settlement);
  }

  /** User code that the kind called, such as a predicate, has cancelled the operation. */
  get #isCancelledMeanwhile(): boolean {
    return this.#stage === CANCELLED_WHILE_PROCEEDING;
  }

  #cancelWaiting(): void {
    this.#stage = CANCELLED;
    this.#behavior.onCancelled(this.#subject, this);
    this[home].enqueue(this);
  }

  #endCancelled(stage: number): boolean {
    const kind = this.#behavior;
    const message = this.#message;
    kind.handBack(this.#subject, this, stage === WOKEN_AND_CANCELLED);
    if (kind.onceAbandoned === undefined) {
      return settleNow(this as Future<unknown>, withCancellation(message));
    }
    this.#stage = WAITING;
    const settlement = kind.onceAbandoned(this.#subject, this, message);
    return settlement === null
      ? false
      : settleNow(this as Future<unknown>, settlement);
  }

  /** Goes to the end of a line; the operation must not stand in one. */
  joinQueue(line: WaitQueue): void {
    this.#line = line;
    line.size++;
    this.#previous = line.last;
    if (line.last === null) line.first = this;
    else line.last.#next = this;
    line.last = this;
  }

  /** Leaves the line, if the operation stands in one. */
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
 * Operations that wait for the same thing, first come, first served. They are linked with each other,
 * so that joining allocates nothing and leaving from the middle takes no search.
 */
export class WaitQueue {
  /** Who is first, or `null`. */
  first: PrimitiveFuture<unknown> | null = null;
  /** Who is last, or `null`. */
  last: PrimitiveFuture<unknown> | null = null;
  /** How many stand in the line. */
  size = 0;

  /** Wakes the first, who leaves the line; returns whether there was one. */
  wakeOne(): boolean {
    const first = this.first;
    if (first === null) return false;
    first.leaveQueue();
    first.wake();
    return true;
  }

  /** Wakes everybody; the line is empty then. */
  wakeAll(): void {
    while (this.wakeOne());
  }
}

/** A future that has failed. */
export function failed<T>(scheduler: Scheduler, error: unknown): Future<T> {
  const future = new Future<T>(scheduler);
  fail(future as Future<unknown>, error);
  return future;
}
