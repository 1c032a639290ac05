// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Outcome, unwrap } from "../../core/outcome.ts";
import {
  callOutsideTasks,
  type Resource,
  type Scheduler,
} from "../../core/scheduler.ts";
import { networkCompletionOf } from "../stream/callbacks.ts";

/**
 * An operation on a socket that outlives the call that started it. Deno cannot cancel an operation: if the task that
 * awaits one is cancelled, the next call gets the outcome.
 */
export class ResumableOperation<T> implements Resource {
  readonly #discard: (value: T) => void;
  #outcome: Outcome<T> | null = null;
  #pending: Promise<void> | null = null;
  #isAbandoned = false;

  /** Calls `discard` with a value that no call has taken. */
  constructor(discard: (value: T) => void = () => {}) {
    this.#discard = discard;
  }

  /** Waits for the operation in progress, or starts one. */
  async next(scheduler: Scheduler, begin: () => Promise<T>): Promise<T> {
    this.#isAbandoned = false;
    while (this.#outcome === null) {
      const pending = this.#pending ??= this.#begin(scheduler, begin);
      await networkCompletionOf(scheduler, pending);
    }
    const outcome = this.#outcome;
    this.#outcome = null;
    return unwrap(outcome);
  }

  /** Leaves a part of the value that `next()` has just returned for the next call. */
  putBack(value: T): void {
    this.#outcome = { value };
  }

  /** Discards the value, now or when the operation ends: no call follows. */
  abandon(): void {
    this.#isAbandoned = true;
    const outcome = this.#outcome;
    this.#outcome = null;
    if (outcome !== null && "value" in outcome) this.#discard(outcome.value);
  }

  /** Starts the operation outside the calling task, since it goes on when the task is cancelled. */
  #begin(scheduler: Scheduler, begin: () => Promise<T>): Promise<void> {
    let operation: Promise<void>;
    callOutsideTasks(scheduler, () => operation = this.#operate(begin));
    return operation!;
  }

  async #operate(begin: () => Promise<T>): Promise<void> {
    try {
      this.#outcome = { value: await begin() };
    } catch (error) {
      this.#outcome = { error };
    }
    this.#pending = null;
    if (this.#isAbandoned) this.abandon();
  }
}
