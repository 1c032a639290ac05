// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../core/cancelled_error.ts";
import type { Future } from "../../core/future.ts";
import type { Outcome } from "../../core/outcome.ts";
import type { Resource, Scheduler } from "../../core/scheduler.ts";
import type { TimerHandle } from "../../core/handle.ts";
import { networkCompletionOf } from "../stream/callbacks.ts";

/** Tries something; the signal says that nobody waits for it any more. */
export type Attempt<T> = (signal: AbortSignal) => Promise<T>;

/** The first success, or the error of each attempt. */
export type RaceOutcome<T> = Outcome<T, readonly unknown[]>;

/** What is raced. */
interface RaceOptions<T> {
  /** At least one. */
  readonly attempts: readonly Attempt<T>[];
  /** How long, in seconds, an attempt is alone before the next begins beside it; null for ever. */
  readonly delay: number | null;
  /** Gets what succeeded but did not win. */
  readonly discard: (loser: T) => void;
}

/**
 * Makes attempts in their order until one succeeds: the next when the one before it has failed, or has
 * taken too long. Cancelled, it stops those under way.
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

/** What nearly every race is, at less cost. */
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

/** Stops an attempt that nobody waits for any more, which may have succeeded just now. */
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
  /** The attempts under way. */
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
      // The winner may have come together with the cancellation.
      if (!this.#outcome.cancelled()) this.#discardWinner();
      throw error;
    } finally {
      this.#scheduler.resources.delete(this);
      this.#stop();
    }
  }

  /** The loop is closed: nobody learns any more how the attempts ended. */
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
