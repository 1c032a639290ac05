// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TimedCall } from "../loop/core/call.ts";
import {
  assertAtLeast,
  assertOptions,
  assertPositive,
  type Delay,
  secondsOf,
} from "../loop/core/validate.ts";
import {
  fulfilled,
  type Future,
  homeOf,
  withResult,
} from "../loop/core/future.ts";
import { describe, inspectAsText } from "../loop/core/inspection.ts";
import {
  failed,
  LoopBound,
  type PrimitiveBehavior,
  PrimitiveFuture,
  WaitQueue,
} from "../loop/core/primitive_future.ts";
import { currentScheduler, type Scheduler } from "../loop/core/scheduler.ts";
import type { Guard } from "./guard.ts";

/**
 * The options of a {@linkcode RateLimiter}.
 *
 * @category Synchronisation
 */
export interface RateLimiterOptions {
  /** The time in which `count` acquisitions pass; one second by default. */
  per?: Delay | undefined;
  /** How many acquisitions may pass at once after a pause; `count` by default. */
  burst?: number | undefined;
}

/**
 * Limits how often something happens: `count` times per second, for example. It is a token bucket, which is full at
 * first: in any `w` seconds, at most `burst + w * count / per` acquisitions pass.
 *
 * A rate limiter is fair: tasks proceed in FIFO order, and a task that is cancelled gives its place to the next. It
 * limits how often tasks begin, not how many run; for that, use a {@linkcode Semaphore} as well.
 *
 * A rate limiter can be created outside a loop, and is bound to the loop of the first wait.
 *
 * @example Usage
 * ```ts
 * import { RateLimiter, sleep } from "@asyncio/asyncio";
 *
 * // 100 requests per second, at most 5 of them at once.
 * const limiter = new RateLimiter(100, { burst: 5 });
 *
 * for (let page = 1; page <= 10; page++) {
 *   await limiter.acquire();
 *   await sleep(0); // the request
 * }
 * ```
 *
 * @category Synchronisation
 */
export class RateLimiter {
  readonly #count: number;
  readonly #per: number;
  /** How long it takes until there is another token, in seconds. */
  readonly #interval: number;
  readonly #burst: number;
  /** When the bucket was last full, and how many tokens were taken since. No error accumulates. */
  #fullAt = 0;
  #taken = 0;
  /** The waiting operations; the first stays until it has its token, ahead of later ones. */
  readonly #line = new WaitQueue();
  /** The call at the time of the next token, while an operation waits for it. */
  #timer: TimedCall | null = null;
  readonly #loop = new LoopBound("rate limiter");

  static {
    inspectAsText(this);
  }

  /**
   * Constructs a new instance.
   *
   * @param count How many acquisitions pass per second, or per the `per` option.
   * @param options The time in which they pass, and how many may pass at once.
   * @throws {RangeError} If `count` or `per` is not greater than 0, or `burst` is less than 1.
   * @throws {TypeError} If `count` or `burst` is not a number, or `per` is not a duration.
   */
  constructor(count: number, options: RateLimiterOptions = {}) {
    assertPositive("The count of a rate limiter", count);
    assertOptions("RateLimiter", options);
    const { per = 1, burst = Math.max(1, count) } = options;
    const seconds = secondsOf("RateLimiter", "per", per);
    assertPositive("The per of RateLimiter()", seconds);
    assertAtLeast("The burst option", burst, 1);
    this.#count = count;
    this.#per = seconds;
    this.#interval = seconds / count;
    this.#burst = burst;
  }

  /**
   * Waits until the rate allows another acquisition. If it does already, `acquire()` does not yield.
   *
   * Cancel safe: if the awaiting task is cancelled, nothing is used up and the task loses its place in the queue.
   *
   * @returns A future of a guard, as other limits give; there is nothing to release.
   * @throws {RuntimeError} At the `await`, if it has to wait and the rate limiter is bound to another loop.
   */
  acquire(): Future<Guard> {
    const scheduler = currentScheduler();
    if (this.#line.first === null && this.#take(scheduler)) {
      return fulfilled(scheduler, NOTHING);
    }
    const misuse = this.#loop.bind(scheduler);
    if (misuse !== null) return failed(scheduler, misuse);
    const acquisition = new PrimitiveFuture(
      scheduler,
      RateLimiter.#acquisition,
      this,
    );
    acquisition.joinQueue(this.#line);
    this.#serve(scheduler);
    return acquisition;
  }

  /**
   * Acquires if that takes no wait: the rate allows it and no task waits.
   *
   * @returns Whether it acquired.
   */
  tryAcquire(): boolean {
    return this.#line.first === null && this.#take(currentScheduler());
  }

  /**
   * Returns a description for logs and error messages: `<RateLimiter [5 per 1 s, waiters:2]>`.
   *
   * @returns The description.
   */
  toString(): string {
    const rate = `${this.#count} per ${this.#per} s`;
    return describe(this, rate, this.#line.size);
  }

  /** When there is another token. */
  get #nextAt(): number {
    return this.#fullAt + (this.#taken + 1 - this.#burst) * this.#interval;
  }

  /** Takes a token, if there is one. */
  #take(scheduler: Scheduler): boolean {
    const now = scheduler.time();
    // Another loop may have an earlier clock, as each test in virtual time has.
    if (
      this.#taken === 0 || now < this.#fullAt ||
      now >= this.#fullAt + this.#taken * this.#interval
    ) {
      this.#fullAt = now;
      this.#taken = 0;
    }
    if (now < this.#nextAt) return false;
    this.#taken++;
    return true;
  }

  /** Wakes the first waiting operation when there is a token for it. */
  #serve(scheduler: Scheduler): void {
    const { first } = this.#line;
    if (first === null) {
      this.#timer?.cancel();
      this.#timer = null;
    } else {
      this.#timer ??= scheduler.at(this.#nextAt, () => {
        this.#timer = null;
        this.#line.first?.wake();
      });
    }
  }

  static readonly #acquisition: PrimitiveBehavior<Guard, RateLimiter> = {
    name: "RateLimiter.acquire()",
    poll(limiter, acquisition) {
      const scheduler = homeOf(acquisition);
      const hasToken = limiter.#take(scheduler);
      if (hasToken) acquisition.leaveQueue();
      limiter.#serve(scheduler);
      return hasToken ? withResult(NOTHING) : null;
    },
    onCancelled(limiter, acquisition) {
      acquisition.leaveQueue();
      limiter.#serve(homeOf(acquisition));
    },
    handBack(limiter, acquisition) {
      acquisition.leaveQueue();
      limiter.#serve(homeOf(acquisition));
    },
  };
}

/** The guard of an acquisition: what has happened cannot be released. */
const NOTHING: Guard = {
  release() {},
  [Symbol.dispose]() {},
};
