// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  fail,
  Future,
  homeOf,
  settleInEntry,
  type Settlement,
  withCancellation,
  withError,
} from "./future.ts";
import { type CancelMessage, execute, type Scheduler } from "./scheduler.ts";

const WAITING = 0;
const WOKEN = 1;
const CANCELLED = 2;
const WOKEN_AND_CANCELLED = 3;

/**
 * A future that is the work of a primitive: it waits until somebody wakes it, and then, at the start
 * of the awaiting task's step and before the task's own code, decides how it ends.
 *
 * Between `wake()` and that moment it may still be cancelled: what it had been granted must then be
 * handed on. A subclass runs no code of the user's and does not look at the current task.
 */
export abstract class Operation<T> extends Future<T> {
  #stage:
    | typeof WAITING
    | typeof WOKEN
    | typeof CANCELLED
    | typeof WOKEN_AND_CANCELLED = WAITING;
  #message: CancelMessage = undefined;

  /** Whether nobody has woken or cancelled the operation yet. */
  get waiting(): boolean {
    return this.#stage === WAITING;
  }

  /** Ends the wait, once: the operation goes on in its turn. */
  wake(): void {
    if (this.#stage !== WAITING) return;
    this.#stage = WOKEN;
    homeOf(this).enqueue(this);
  }

  override cancel(msg?: string): boolean {
    if (this.done()) return false;
    if (this.#stage === WAITING) {
      this.#stage = CANCELLED;
      this.#message = msg;
      this.onCancelled();
      homeOf(this).enqueue(this);
    } else if (this.#stage !== CANCELLED) {
      // As in asyncio, the last message counts here, and the first where the wait itself was cancelled.
      this.#stage = WOKEN_AND_CANCELLED;
      this.#message = msg;
    }
    return true;
  }

  /** @ignore */
  override [execute](): boolean {
    if (this.#stage !== WOKEN) {
      this.abandon(this.#stage === WOKEN_AND_CANCELLED);
      return settleInEntry(this, withCancellation(this.#message));
    }
    this.#stage = WAITING;
    let settlement: Settlement | null;
    try {
      settlement = this.proceed();
    } catch (error) {
      this.abandon(true);
      settlement = withError(error);
    }
    return settlement === null ? false : settleInEntry(this, settlement);
  }

  /**
   * The wait is over: how the operation ends, or `null` if it waits again. One that throws has changed
   * nothing, fails with what it threw, and is abandoned as if it had been cancelled.
   */
  protected abstract proceed(): Settlement | null;

  /**
   * The operation is cancelled, and its turn has come: if it had been woken before, it hands on what
   * it was granted.
   */
  protected abstract abandon(wasWoken: boolean): void;

  /** The operation was cancelled while it waited; its turn is yet to come. */
  protected onCancelled(): void {}
}

/** A future that has failed. */
export function failed<T>(scheduler: Scheduler, error: unknown): Future<T> {
  const future = new Future<T>(scheduler);
  fail(future as Future<unknown>, error);
  return future;
}
