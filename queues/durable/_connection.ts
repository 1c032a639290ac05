// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError, warn } from "../../loop/core/errors.ts";
import { type Future, observe } from "../../loop/core/future.ts";
import { failed } from "../../loop/core/primitive_future.ts";
import { callInline } from "../../loop/core/inline_call.ts";
import {
  callOutsideTasks,
  currentScheduler,
  type Scheduler,
} from "../../loop/core/scheduler.ts";
import { isInstance } from "../../loop/core/unknown_value.ts";
import { backoff } from "../../tasks/retry.ts";
import { sleep } from "../../tasks/sleep.ts";
import { wait } from "../../tasks/wait.ts";
import { answerOf } from "./_answer_of.ts";
import { StoreDown } from "./errors.ts";
import type { Answer, Store } from "./store.ts";

/** The delay before each new attempt to reach a store that is down. */
const delayWhileDown = backoff({ first: 0.1, max: 5 });

/** After how many failed attempts the program is warned: after some seconds. */
const ATTEMPTS_BEFORE_WARNING = 7;

/** The connection of one handle of a queue with its store: the calls under way, and what happens while it is down. */
export class Connection {
  readonly store: Store;
  /** The name of the queue. */
  readonly queue: string;
  readonly #waitsWhenDown: boolean;
  readonly #calls = new Set<Future<unknown>>();
  #scheduler: Scheduler | null = null;
  #users = 0;
  #hasWarned = false;

  constructor(store: Store, queue: string, waitsWhenDown: boolean) {
    this.store = store;
    this.queue = queue;
    this.#waitsWhenDown = waitsWhenDown;
  }

  /** Returns the scheduler of the calling code. While anything is under way, that must be the one it began in. */
  enter(): Scheduler {
    const scheduler = currentScheduler();
    if (this.#scheduler === scheduler) return scheduler;
    const isInUse = this.#users > 0 && !this.#scheduler!.closed;
    if (isInUse) {
      throw new RuntimeError(
        `Cannot use the durable queue ${
          JSON.stringify(this.queue)
        } as it is in use in another event loop`,
      );
    }
    this.#users = 0;
    this.#scheduler = scheduler;
    return scheduler;
  }

  /** Counts what is under way. */
  hold(): void {
    this.#users++;
  }

  /** Counts what has ended. */
  drop(): void {
    this.#users--;
  }

  /** Runs a function of the library outside tasks; `settled()` waits for it. It fails only if it is cancelled. */
  inBackground(scheduler: Scheduler, fn: () => Promise<void>): void {
    this.hold();
    callOutsideTasks(scheduler, () => {
      const call = callInline(scheduler, "DurableQueue", fn);
      this.#calls.add(call);
      observe(call, () => {
        this.#calls.delete(call);
        this.drop();
      });
    });
  }

  /** Waits until nothing runs in the background. */
  async settled(): Promise<void> {
    while (this.#calls.size > 0) await wait([...this.#calls]);
  }

  /** Calls the store once. */
  ask<T>(call: () => Answer<T>, onLate?: (value: T) => void): Future<T> {
    const scheduler = currentScheduler();
    try {
      return answerOf(scheduler, call(), onLate);
    } catch (error) {
      return failed(scheduler, error);
    }
  }

  /**
   * Calls the store; if waiting while it is down is asked for, until it answers. `isWanted` tells whether the answer is
   * still of use; if it is not, the last error is thrown.
   */
  async insist<T>(
    call: () => Answer<T>,
    { onLate, isWanted = () => true, pause = sleep }: {
      onLate?: (value: T) => void;
      isWanted?: () => boolean;
      pause?: (seconds: number) => PromiseLike<void>;
    } = {},
  ): Promise<T> {
    for (let attempt = 1;; attempt++) {
      try {
        const answer = await this.ask(call, onLate);
        this.#hasWarned = false;
        return answer;
      } catch (error) {
        const isDown = isInstance(error, StoreDown) && this.#waitsWhenDown;
        if (!isDown || !isWanted()) throw error;
        if (attempt >= ATTEMPTS_BEFORE_WARNING) this.#warn(error);
        await pause(delayWhileDown(attempt));
        if (!isWanted()) throw error;
      }
    }
  }

  /** Tells once in each outage why nothing goes on: it may be the wrong address. */
  #warn(error: StoreDown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    warn(
      `The durable queue ${
        JSON.stringify(this.queue)
      } waits for its store, which is down: ${error.message}`,
    );
  }
}
