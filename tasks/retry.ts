// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertAtLeast,
  assertCount,
  assertFunction,
  assertInteger,
  assertOneOf,
  assertOptions,
  type Delay,
  outOfRange,
  secondsOf,
  wrongType,
} from "../loop/core/validate.ts";
import { KeyboardInterrupt, TimeoutError } from "../loop/core/errors.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { assertFunctionItself } from "../loop/core/task.ts";
import { chainOf, isInstance, propertyOf } from "../loop/core/unknown_value.ts";
import { isCancellation, requestsAround } from "./cancel_scope.ts";
import { sleep } from "./sleep.ts";
import { Timeout } from "./timeout.ts";

/**
 * The options of {@linkcode backoff}.
 *
 * @category Retrying
 */
export interface BackoffOptions {
  /** The first delay, in seconds; 0.1 by default. */
  first?: number | undefined;
  /** The factor from each delay to the next; 2 by default. */
  factor?: number | undefined;
  /** The longest delay, in seconds; 30 by default. */
  max?: number | undefined;
  /**
   * `"full"`, the default, takes a random part of each delay, so that clients which failed together do not come back
   * together; `"none"` takes the whole of it.
   */
  jitter?: "full" | "none" | undefined;
  /** Returns a random number from 0 to 1; `Math.random` by default. */
  random?: (() => number) | undefined;
}

const JITTERS = ["full", "none"];

/**
 * Creates the delays of an exponential back-off, for `retry()` and `supervise()`.
 *
 * @param options The first delay, the factor, the longest delay, and the jitter.
 * @returns A function that returns the delay, in seconds, after an attempt: the first attempt is 1.
 * @throws {RangeError} If an option is out of range.
 * @throws {TypeError} If an option is of the wrong type.
 *
 * @example Usage
 * ```ts
 * import { backoff } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const delay = backoff({ first: 1, max: 5, jitter: "none" });
 * assertEquals([1, 2, 3, 4].map(delay), [1, 2, 4, 5]);
 * ```
 *
 * @category Retrying
 */
export function backoff(
  options: BackoffOptions = {},
): (attempt: number) => number {
  assertOptions("backoff", options);
  const {
    first = 0.1,
    factor = 2,
    max = 30,
    jitter = "full",
    random = Math.random,
  } = options;
  assertAtLeast("The first option of backoff()", first, 0);
  assertAtLeast("The factor option of backoff()", factor, 1);
  assertAtLeast("The max option of backoff()", max, 0);
  assertOneOf("The jitter option of backoff()", jitter, JITTERS);
  assertFunction("The random option of backoff()", random);
  return (attempt) => {
    assertInteger("The attempt of a back-off", attempt, 1);
    // Zero times infinity is not a number.
    const delay = first === 0
      ? 0
      : Math.min(max, first * factor ** (attempt - 1));
    return jitter === "none" || delay === 0 ? delay : partOf(delay, random);
  };
}

function partOf(delay: number, random: () => number): number {
  const part = random();
  if (part >= 0 && part <= 1) return part === 0 ? 0 : part * delay;
  throw (typeof part === "number" ? outOfRange : wrongType)(
    "What the random option of backoff() returns",
    "a number from 0 to 1",
    part,
  );
}

/**
 * The delay before the next attempt, in seconds, or a function of the attempt that failed and of its error.
 *
 * @category Retrying
 */
export type RetryDelay =
  | Delay
  | ((attempt: number, error: unknown) => Delay);

/**
 * The options of {@linkcode retry}.
 *
 * @category Retrying
 */
export interface RetryOptions {
  /** The largest number of attempts; 3 by default, `Infinity` for no limit. */
  attempts?: number | undefined;
  /** The delay before the next attempt; that of `backoff()` by default. */
  delay?: RetryDelay | undefined;
  /** Returns whether to try again after an error; by default, after every one. */
  when?: ((error: unknown, attempt: number) => boolean) | undefined;
  /** The time limit for all attempts together, in seconds; `null`, the default, for none. */
  within?: Delay | null | undefined;
  /** Called before each delay, with the number of the attempt that failed. */
  onRetry?:
    | ((error: unknown, attempt: number, delay: number) => void)
    | undefined;
}

/**
 * Calls a function until it succeeds, with a delay after each failure.
 *
 * It never retries a cancellation, nor a `KeyboardInterrupt`: cancelling the awaiting task ends the attempt, or the
 * delay, at once.
 *
 * The error of the last attempt is thrown. Its cause is the error of the attempt before, unless it has a cause; a
 * frozen error stays as it is. At most the last 100 errors are kept.
 *
 * @typeParam T The type of the result.
 * @param fn The function, which receives the number of the attempt, from 1.
 * @param options How often, after which delay, after which errors, and how long.
 * @returns The result of the first attempt that succeeds.
 * @throws {TimeoutError} After `within`, with the last error as its cause.
 * @throws {RangeError} If an option is out of range.
 * @throws {TypeError} If `fn` is not a function, or an option is of the wrong type.
 *
 * @example Usage
 * ```ts
 * import { backoff, retry } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const answer = await retry((attempt) => {
 *   if (attempt < 3) throw new Deno.errors.ConnectionRefused();
 *   return `connected in attempt ${attempt}`;
 * }, {
 *   attempts: 5,
 *   delay: backoff({ first: 0.001 }),
 *   when: (error) => error instanceof Deno.errors.ConnectionRefused,
 * });
 * assertEquals(answer, "connected in attempt 3");
 * ```
 *
 * @category Retrying
 */
export function retry<T>(
  fn: (attempt: number) => T | PromiseLike<T>,
  options: RetryOptions = {},
): Promise<T> {
  // Not an async function: that takes a fifth of the time of an attempt that succeeds.
  try {
    const plan = planOf(fn, options);
    return plan.limit === null ? tryAll(plan) : tryWithin(plan.limit, plan);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The checked arguments of {@linkcode retry}. */
interface Plan<T> {
  readonly fn: (attempt: number) => T | PromiseLike<T>;
  readonly attempts: number;
  readonly delayAfter: (attempt: number, error: unknown) => number;
  readonly when: RetryOptions["when"];
  readonly limit: number | null;
  readonly onRetry: RetryOptions["onRetry"];
  readonly failures: Failures;
}

function planOf<T>(fn: Plan<T>["fn"], options: RetryOptions): Plan<T> {
  assertFunctionItself("retry", "fn", fn);
  assertOptions("retry", options);
  const { attempts = 3, delay, when, within = null, onRetry } = options;
  assertCount("The attempts option of retry()", attempts, 1);
  const delayAfter = delayFunction("retry", delay);
  if (when !== undefined) assertFunction("The when option of retry()", when);
  if (onRetry !== undefined) {
    assertFunction("The onRetry option of retry()", onRetry);
  }
  const limit = within === null ? null : secondsOf("retry", "within", within);
  const failures = new Failures();
  return { fn, attempts, delayAfter, when, limit, onRetry, failures };
}

/** Calls the function until an attempt succeeds, or its error is final. */
async function tryAll<T>(plan: Plan<T>): Promise<T> {
  const { fn, attempts, delayAfter, when, onRetry, failures } = plan;
  try {
    for (let attempt = 1;; attempt++) {
      const requests = requestsAround();
      try {
        return await fn(attempt);
      } catch (error) {
        if (isFinal(error)) throw error;
        failures.add(error);
        if (requestsAround() > requests) {
          // A request that has not been delivered yet is thrown here.
          await sleep(0);
          throw error;
        }
        if (attempt >= attempts) throw error;
        if (when !== undefined && !isWanted(when(error, attempt))) throw error;
        const seconds = delayAfter(attempt, error);
        onRetry?.(error, attempt, seconds);
        await sleep(seconds);
      }
    }
  } catch (error) {
    failures.link();
    throw error;
  }
}

/** Runs all attempts within a time limit. After that, whatever the attempts throw is the cause of a `TimeoutError`. */
async function tryWithin<T>(seconds: number, plan: Plan<T>): Promise<T> {
  const { failures } = plan;
  const limit = new Timeout(currentScheduler().time() + seconds);
  try {
    return await limit.run(() => tryAll(plan));
  } catch (error) {
    const isOver = limit.expired() && !isFinal(error) && failures.any;
    if (!isOver) throw error;
    throw new TimeoutError("The time limit was reached", {
      cause: failures.last,
    });
  }
}

/** Whether an error is never followed by another attempt. */
export function isFinal(error: unknown): boolean {
  return isInstance(error, KeyboardInterrupt) || isCancellation(error);
}

function isWanted(answer: unknown): boolean {
  if (typeof answer === "boolean") return answer;
  throw wrongType(
    "What the when option of retry() returns",
    "a boolean",
    answer,
  );
}

/** A new back-off each time, as it looks up `Math.random`, which a test may have replaced. */
const DEFAULT_DELAY = (attempt: number) => backoff()(attempt);

/** Returns the function that gives the delays, in seconds. */
export function delayFunction(
  caller: string,
  delay: RetryDelay = DEFAULT_DELAY,
): (attempt: number, error: unknown) => number {
  if (typeof delay !== "function") {
    const seconds = Math.max(0, secondsOf(caller, "delay", delay));
    return () => seconds;
  }
  return (attempt, error) =>
    Math.max(0, secondsOf(caller, "delay", delay(attempt, error)));
}

/** More errors than that are of no use, and attempts without a limit must not use up the memory. */
const MAX_FAILURES = 100;

/** The errors of the attempts, newest last. */
class Failures {
  readonly #errors: unknown[] = [];

  get any(): boolean {
    return this.#errors.length > 0;
  }

  get last(): unknown {
    return this.#errors.at(-1);
  }

  add(error: unknown): void {
    this.#errors.push(error);
    if (this.#errors.length > MAX_FAILURES) this.#errors.shift();
  }

  /** Makes each error the cause of the next one. */
  link(): void {
    const errors = this.#errors;
    for (let i = 1; i < errors.length; i++) link(errors[i], errors[i - 1]);
  }
}

function link(error: unknown, previous: unknown): void {
  if (!isInstance(error, Error)) return;
  if (propertyOf(error, "cause") !== undefined) return;
  for (const each of chainOf(previous, "cause")) {
    if (each === error) return;
  }
  try {
    // As the constructor of an error does it: not enumerable.
    Reflect.defineProperty(error, "cause", {
      value: previous,
      configurable: true,
      writable: true,
    });
  } catch {
    // A proxy refuses.
  }
}
