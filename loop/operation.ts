// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  Future,
  homeOf,
  settleInEntry,
  type Settlement,
  withCancellation,
} from "./future.ts";
import { withError } from "./future.ts";
import { type CancelMessage, execute } from "./scheduler.ts";

/**
 * A future that is the work of a primitive: it waits until somebody wakes it, and then, at the start
 * of the awaiting task's step and before the task's own code, decides how it ends.
 *
 * Between `wake()` and that moment it may still be cancelled: what it had been granted must then be
 * handed on. A subclass runs no code of the user's and does not look at the current task.
 */
export abstract class Operation<T> extends Future<T> {
  #woken = false;
  #isCancelled = false;
  #message: CancelMessage = undefined;

  /** Whether nobody has woken or cancelled the operation yet. */
  get waiting(): boolean {
    return !this.#woken;
  }

  /** Ends the wait, once: the operation goes on in its turn. */
  wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    homeOf(this).enqueue(this);
  }

  override cancel(msg?: string): boolean {
    if (this.done()) return false;
    if (!this.#isCancelled) {
      this.#isCancelled = true;
      this.#message = msg;
    }
    if (this.#woken) return true;
    this.#woken = true;
    this.onCancelled();
    homeOf(this).enqueue(this);
    return true;
  }

  /** @ignore */
  override [execute](): boolean {
    if (this.#isCancelled) {
      this.abandon();
      return settleInEntry(this, withCancellation(this.#message));
    }
    this.#woken = false;
    let settlement: Settlement | null;
    try {
      settlement = this.proceed();
    } catch (error) {
      settlement = withError(error);
    }
    return settlement === null ? false : settleInEntry(this, settlement);
  }

  /** The wait is over: how the operation ends, or `null` if it waits again. */
  protected abstract proceed(): Settlement | null;

  /** The operation is cancelled, and its turn has come: hands on what it may have been granted. */
  protected abstract abandon(): void;

  /** The operation was cancelled while it waited; its turn is yet to come. */
  protected onCancelled(): void {}
}
