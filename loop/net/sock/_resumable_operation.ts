// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  callOutsideTasks,
  type Resource,
  type Scheduler,
} from "../../core/scheduler.ts";
import { networkCompletionOf } from "../stream/callbacks.ts";

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * What an operation of Deno's comes to, for whoever asks next. Deno cannot take an operation back: if a
 * task is cancelled that waits for one, the next that asks gets what it comes to.
 */
export class ResumableOperation<T> implements Resource {
  readonly #discard: (value: T) => void;
  #outcome: Outcome<T> | null = null;
  #pending: Promise<void> | null = null;
  #isAbandoned = false;

  /** What nobody will ask for any more goes to `discard`. */
  constructor(discard: (value: T) => void = () => {}) {
    this.#discard = discard;
  }

  /** What the operation under way comes to, or else the one that begins now. */
  async next(scheduler: Scheduler, begin: () => Promise<T>): Promise<T> {
    this.#isAbandoned = false;
    while (this.#outcome === null) {
      const pending = this.#pending ??= this.#begin(scheduler, begin);
      await networkCompletionOf(scheduler, pending);
    }
    const outcome = this.#outcome;
    this.#outcome = null;
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Leaves a value for the next that asks: a part of what `next()` has just given. */
  putBack(value: T): void {
    this.#outcome = { value };
  }

  /** Nobody will ask any more. */
  abandon(): void {
    this.#isAbandoned = true;
    const outcome = this.#outcome;
    this.#outcome = null;
    if (outcome !== null && "value" in outcome) this.#discard(outcome.value);
  }

  /** Outside the task that asks: if that is cancelled, the operation goes on. */
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
