// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../core/cancelled_error.ts";
import type { Future } from "../../core/future.ts";
import type { Outcome } from "../../core/outcome.ts";
import type { Resource, Scheduler } from "../../core/scheduler.ts";
import type { TimerHandle } from "../../core/handle.ts";
import { networkCompletionOf } from "../stream/callbacks.ts";

/** Starts an attempt. The signal aborts it. */
export type Attempt<T> = (signal: AbortSignal) => Promise<T>;

/** The first success, or the error of each attempt. */
export type RaceOutcome<T> = Outcome<T, readonly unknown[]>;

/** The options of a race. */
interface RaceOptions<T> {
  /** The attempts, at least one. */
  readonly attempts: readonly Attempt<T>[];
  /** The delay in seconds after which the next attempt starts concurrently; `null` for never. */
  readonly delay: number | null;
  /** Called with the results that are not used. */
  readonly discard: (loser: T) => void;
}

/**
 * Starts the attempts in order until one succeeds. The next starts when the one before has failed or has taken too
 * long. Aborts pending attempts on cancellation.
 */
export function race<T>(
  scheduler: Scheduler,
  options: RaceOptions<T>,
): Promise<RaceOutcome<T>> {
  const { attempts, discard } = options;
  return attempts.length === 1
    ? runAlone(scheduler, attempts[0]!, discard)
    : new Race(scheduler, options).run();
}

/** Runs a single attempt, the most frequent case, at less cost. */
async function runAlone<T>(
  scheduler: Scheduler,
  attempt: Attempt<T>,
  discard: (loser: T) => void,
): Promise<RaceOutcome<T>> {
  const abortion = new AbortController();
  const operation = attempt(abortion.signal);
  const future = networkCompletionOf(scheduler, operation, discard);
  const resource = { abandon: () => giveUp(future, abortion, discard) };
  scheduler.resources.add(resource);
  try {
    return { value: await future };
  } catch (error) {
    if (!(error instanceof CancelledError)) return { error: [error] };
    giveUp(future, abortion, discard);
    throw error;
  } finally {
    scheduler.resources.delete(resource);
  }
}

/** Aborts an attempt and discards its result, which may just have arrived. */
function giveUp<T>(
  future: Future<T>,
  abortion: AbortController,
  discard: (loser: T) => void,
): void {
  abortion.abort();
  future.cancel();
  if (!future.cancelled() && future.exception() === null) {
    discard(future.result());
  }
}

class Race<T> implements Resource {
  readonly #scheduler: Scheduler;
  readonly #options: RaceOptions<T>;
  readonly #outcome: Future<RaceOutcome<T>>;
  /** The pending attempts. */
  readonly #running = new Map<Future<T>, AbortController>();
  readonly #errors: unknown[] = [];
  #begun = 0;
  #timer: TimerHandle | null = null;

  constructor(scheduler: Scheduler, options: RaceOptions<T>) {
    this.#scheduler = scheduler;
    this.#options = options;
    this.#outcome = scheduler.loop.createFuture();
  }

  async run(): Promise<RaceOutcome<T>> {
    this.#scheduler.resources.add(this);
    this.#beginNext();
    try {
      return await this.#outcome;
    } catch (error) {
      // An attempt may have succeeded in the step of the cancellation.
      if (!this.#outcome.cancelled()) this.#discardWinner();
      throw error;
    } finally {
      this.#scheduler.resources.delete(this);
      this.#stop();
    }
  }

  /** Discards the results, as the loop is closed. */
  abandon(): void {
    this.#timer?.cancel();
    for (const [future, abortion] of this.#running) {
      giveUp(future, abortion, this.#options.discard);
    }
    this.#running.clear();
    if (this.#outcome.done() && !this.#outcome.cancelled()) {
      this.#discardWinner();
    }
  }

  #beginNext(): void {
    const { attempts, delay, discard } = this.#options;
    const index = this.#begun++;
    const abortion = new AbortController();
    const operation = attempts[index]!(abortion.signal);
    const future = networkCompletionOf(this.#scheduler, operation, discard);
    this.#running.set(future, abortion);
    future.addDoneCallback(() => this.#ended(index, future));
    if (delay === null || this.#isExhausted()) return;
    this.#timer = this.#scheduler.loop
      .callLater(delay, () => this.#beginNext());
  }

  #ended(index: number, future: Future<T>): void {
    const isOver = !this.#running.delete(future);
    if (future.cancelled()) return;
    const error = future.exception();
    if (isOver || this.#outcome.done()) {
      if (error === null) this.#options.discard(future.result());
    } else if (error === null) {
      this.#outcome.setResult({ value: future.result() });
    } else {
      this.#errors[index] = error;
      this.#continueAfter(index);
    }
  }

  #continueAfter(index: number): void {
    if (index === this.#begun - 1 && !this.#isExhausted()) {
      this.#timer?.cancel();
      this.#beginNext();
    } else if (this.#running.size === 0) {
      this.#outcome.setResult({ error: this.#errors });
    }
  }

  #isExhausted(): boolean {
    return this.#begun === this.#options.attempts.length;
  }

  #discardWinner(): void {
    const outcome = this.#outcome.result();
    if ("value" in outcome) this.#options.discard(outcome.value);
  }

  #stop(): void {
    this.#timer?.cancel();
    for (const [future, abortion] of this.#running) {
      abortion.abort();
      future.cancel();
    }
    this.#running.clear();
  }
}
