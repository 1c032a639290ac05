// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertCount,
  assertFunction,
  assertOneOf,
  assertOptions,
  assertPositive,
  type Delay,
  secondsOf,
  wrongType,
} from "../loop/core/validate.ts";
import { RuntimeError } from "../loop/core/errors.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { assertFunctionItself } from "../loop/core/task.ts";
import { delayFunction, isFinal, type RetryDelay } from "./retry.ts";
import { requestsAround } from "./cancel_scope.ts";
import { sleep } from "./sleep.ts";

/**
 * How often `supervise()` restarts its function before it gives up.
 *
 * @category Retrying
 */
export interface RestartLimit {
  /** The largest number of restarts within that time. */
  restarts: number;
  /** The time, in seconds. */
  within: Delay;
}

/**
 * The options of {@linkcode supervise}.
 *
 * @category Retrying
 */
export interface SuperviseOptions {
  /** Whether to restart the function when it fails, which is the default, or also when it returns. */
  restart?: "on-failure" | "always" | undefined;
  /** The delay before a restart; that of `backoff()` by default. It begins anew after a run longer than the last delay. */
  delay?: RetryDelay | undefined;
  /** When to give up; by default, never. */
  limit?: RestartLimit | undefined;
  /** Called before each delay, with the error, or `undefined`, and the number of restarts with this one. */
  onRestart?:
    | ((error: unknown, restarts: number, delay: number) => void)
    | undefined;
}

const RESTARTS = ["on-failure", "always"];

/**
 * Runs a function that is meant to go on, such as a worker or a connection, and restarts it when it fails.
 *
 * It never restarts after a cancellation, nor after a `KeyboardInterrupt`: cancelling the awaiting task ends the
 * function, or the delay, at once.
 *
 * @param fn The function.
 * @param options After what to restart, after which delay, and when to give up.
 * @returns A promise that resolves when the function returns, unless that restarts it.
 * @throws The last error, when the function has been restarted too often; a `RuntimeError` if it returned.
 * @throws {RangeError} If an option is out of range.
 * @throws {TypeError} If `fn` is not a function, or an option is of the wrong type.
 *
 * @example Usage
 * ```ts
 * import { backoff, sleep, supervise } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * let runs = 0;
 * await supervise(async () => {
 *   await sleep(0.001);
 *   if (++runs < 3) throw new Error("connection lost");
 * }, {
 *   delay: backoff({ first: 0.001, max: 10 }),
 *   limit: { restarts: 5, within: 60 },
 * });
 * assertEquals(runs, 3);
 * ```
 *
 * @category Retrying
 */
export async function supervise(
  fn: () => unknown,
  options: SuperviseOptions = {},
): Promise<void> {
  assertFunctionItself("supervise", "fn", fn);
  assertOptions("supervise", options);
  const { restart = "on-failure", delay, limit, onRestart } = options;
  assertOneOf("The restart option of supervise()", restart, RESTARTS);
  const delayAfter = delayFunction("supervise", delay);
  const budget = budgetOf(limit);
  if (onRestart !== undefined) {
    assertFunction("The onRestart option of supervise()", onRestart);
  }
  const scheduler = currentScheduler();
  let attempt = 0;
  let lastDelay = 0;
  for (let restarts = 1;; restarts++) {
    const begin = scheduler.time();
    const requests = requestsAround();
    const failure = await outcomeOf(fn, requests);
    // A function that returns because it was cancelled is meant to end.
    const isCancelled = requestsAround() > requests;
    if (failure === null && (restart === "on-failure" || isCancelled)) return;
    if (scheduler.time() - begin > lastDelay) attempt = 0;
    if (!budget.spend(scheduler.time())) throw lastError(failure);
    const error = failure?.error;
    lastDelay = delayAfter(++attempt, error);
    onRestart?.(error, restarts, lastDelay);
    await sleep(lastDelay);
  }
}

/**
 * Calls the function. Returns its failure, or `null`; throws what must not be followed by a restart.
 *
 * @param requests The number of requests to cancel the calling code that were made before.
 */
async function outcomeOf(
  fn: () => unknown,
  requests: number,
): Promise<{ error: unknown } | null> {
  try {
    await fn();
    return null;
  } catch (error) {
    if (isFinal(error)) throw error;
    if (requestsAround() <= requests) return { error };
    // A request that has not been delivered yet is thrown here.
    await sleep(0);
    throw error;
  }
}

function lastError(failure: { error: unknown } | null): unknown {
  return failure === null
    ? new RuntimeError("The supervised function has returned too often")
    : failure.error;
}

/** The restarts that are left. */
class Budget {
  readonly #restarts: number;
  readonly #within: number;
  /** The times of the restarts within that time, oldest first. */
  #times: number[] = [];

  constructor(restarts: number, within: number) {
    this.#restarts = restarts;
    this.#within = within;
  }

  /** Takes one restart; returns `false` if none is left. */
  spend(now: number): boolean {
    if (this.#restarts === Infinity) return true;
    this.#times = this.#times.filter((time) => now - time < this.#within);
    this.#times.push(now);
    return this.#times.length <= this.#restarts;
  }
}

function budgetOf(limit: unknown): Budget {
  if (limit === undefined) return new Budget(Infinity, Infinity);
  if (typeof limit !== "object" || limit === null) {
    throw wrongType(
      "The limit option of supervise()",
      "an object with restarts and within",
      limit,
    );
  }
  const { restarts, within } = limit as RestartLimit;
  assertCount("The restarts of the limit of supervise()", restarts, 0);
  const seconds = secondsOf("supervise", "within", within);
  assertPositive("The within of the limit of supervise()", seconds);
  return new Budget(restarts, seconds);
}
