// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TimedCall } from "../loop/core/call.ts";
import { type Facts, facts, inspectAsText } from "../loop/core/inspection.ts";
import {
  isCancelledError,
  makeCancelledError,
} from "../loop/core/cancelled_error.ts";
import { BodyScope, noteSignalRead } from "../loop/core/task_state.ts";
import {
  assertBoolean,
  assertNumber,
  assertOptions,
  type Delay,
  secondsOf,
} from "../loop/core/validate.ts";
import { RuntimeError, TimeoutError, warn } from "../loop/core/errors.ts";
import { ExceptionGroup } from "../loop/core/exception_group.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { assertFunctionItself, callingTask } from "../loop/core/task.ts";
import {
  chainOf,
  isInstance,
  propertyOf,
  trySetProperty,
} from "../loop/core/unknown_value.ts";
import { warnOfForeign } from "./cancel_scope.ts";
import { assertAwaitable, createTask, ensureFuture } from "./create_task.ts";
import {
  type Awaitable,
  Future,
  isFuture,
  observe,
} from "../loop/core/future.ts";
import type { Scope } from "../loop/core/scope.ts";
import { futureSharing, wrapFuture } from "../loop/core/wrap_future.ts";

type State = "created" | "active" | "expiring" | "expired" | "finished";

/**
 * The options of `timeout()` and `timeoutAt()`.
 *
 * @category Time limits and cancellation
 */
export interface TimeoutOptions {
  /**
   * Whether to stop waiting, when the limit is reached, for a body that awaits something that cannot be interrupted.
   * The body is then cancelled at its next await on an object of this library, and its outcome is dropped.
   */
  abandon?: boolean | undefined;
}

/** Runs a body within a timeout. Calls `onLimit` after the limit has cancelled what it can. */
let runWithin: <T>(
  timeout: Timeout,
  body: (scope: Timeout) => T | PromiseLike<T>,
  options: {
    abandon?: boolean;
    /** The time now, which saves a look at the clock. */
    now?: number | undefined;
    onLimit?: (scope: BodyScope) => void;
  },
) => Promise<T>;

/**
 * A time limit for a piece of code, which can be changed while the code runs. Usually created by `timeout()`, which
 * passes it to the body.
 *
 * @example Move the limit
 * ```ts
 * import { getRunningLoop, run, sleep, timeout } from "@asyncio/asyncio";
 *
 * await run(() =>
 *   timeout(null, async (scope) => {
 *     await sleep(0.001); // not known yet how long it may take
 *     scope.reschedule(getRunningLoop().time() + 10);
 *   })
 * );
 * ```
 *
 * @category Time limits and cancellation
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.Timeout}
 */
export class Timeout {
  #when: number | null;
  #state: State = "created";
  #scope: BodyScope | null = null;
  #timeLimit: TimedCall | null = null;
  #onLimit: ((scope: BodyScope) => void) | null = null;
  /** Stops waiting for the body. */
  #abandon: (() => void) | null = null;

  static {
    inspectAsText(this);
    runWithin = (timeout, body, { abandon = false, now, onLimit = null }) => {
      timeout.#onLimit = onLimit;
      return timeout.#run(body, abandon, now);
    };
  }

  /**
   * Constructs a new instance.
   *
   * @param when The time at which the limit is reached, in seconds on the loop's clock; `null` for none.
   * @throws {TypeError} If `when` is neither a number nor `null`.
   * @throws {RangeError} If `when` is `NaN`.
   */
  constructor(when: number | null) {
    assertTime("Timeout", when);
    this.#when = when;
  }

  /**
   * Returns the time at which the limit is reached.
   *
   * @returns The time, in seconds on the loop's clock, or `null`.
   */
  when(): number | null {
    return this.#when;
  }

  /**
   * Returns whether the limit was reached while the body ran.
   *
   * @returns `true` if it was.
   */
  expired(): boolean {
    return this.#state === "expiring" || this.#state === "expired";
  }

  /**
   * Changes the limit.
   *
   * @param when The time, in seconds on the loop's clock, or `null` for no limit.
   * @throws {RuntimeError} If the body is not running, or the limit was reached.
   * @throws {TypeError} If `when` is neither a number nor `null`.
   * @throws {RangeError} If `when` is `NaN`.
   */
  reschedule(when: number | null): void {
    assertTime("reschedule", when);
    if (this.#state !== "active") {
      throw new RuntimeError(
        `Cannot reschedule the timeout as it is ${this.#state}`,
      );
    }
    this.#when = when;
    this.#timeLimit?.cancel();
    this.#arm(undefined);
  }

  #arm(now: number | undefined): void {
    this.#timeLimit = this.#when === null
      ? null
      : this.#scope!.taskState.scheduler.at(
        this.#when,
        () => this.#onTime(),
        now,
      );
  }

  /**
   * Runs a function within the limit, in the current task or, outside any task, in a new task.
   *
   * When the limit is reached, every pending await inside the body is cancelled, and the `CancelledError` that leaves
   * the body becomes a `TimeoutError`. A cancellation of the surrounding code stays a `CancelledError`.
   *
   * @typeParam T The type of the result.
   * @param body The function.
   * @returns The result of the function.
   * @throws {TimeoutError} If the limit was reached.
   * @throws {RuntimeError} If the timeout has already been used.
   * @throws {TypeError} If `body` is not a function.
   */
  async run<T>(body: (scope: Timeout) => T | PromiseLike<T>): Promise<T> {
    assertFunctionItself("Timeout.run", "body", body);
    return await this.#run(body, false, undefined);
  }

  async #run<T>(
    body: (scope: Timeout) => T | PromiseLike<T>,
    canAbandon: boolean,
    now: number | undefined,
  ): Promise<T> {
    if (callingTask() === null) {
      return await createTask(() => this.#run(body, canAbandon, undefined));
    }
    if (this.#state !== "created") {
      throw new RuntimeError(
        "Cannot run the timeout as it has already been used",
      );
    }
    this.#state = "active";
    const scope = this.#scope = new BodyScope(this);
    this.#arm(now);
    let result: T;
    try {
      const running = scope.run(body, this);
      result = await (canAbandon ? this.#untilAbandoned(running) : running);
    } catch (error) {
      throw this.#leave(scope, { error })!.error;
    }
    const failure = this.#leave(scope, null);
    if (failure !== null) throw failure.error;
    return result;
  }

  /** Returns the result of the body, unless it is abandoned first. */
  #untilAbandoned<T>(running: PromiseLike<T>): Promise<T> {
    const scope = this.#scope!;
    return new Promise((resolve, reject) => {
      running.then(resolve, reject).then(() => {
        if (scope.isAbandoned) scope.close();
      });
      this.#abandon = () => {
        scope.abandon();
        reject(makeCancelledError(undefined));
      };
    });
  }

  /**
   * A signal for platform APIs, which aborts when the limit is reached or the surrounding code is cancelled. Reading
   * it means that the next await obeys it, so read it where you use it.
   *
   * @throws {RuntimeError} If the body has not begun.
   */
  get signal(): AbortSignal {
    if (this.#scope === null) {
      throw new RuntimeError(
        "Cannot read the signal of the timeout as its body has not begun",
      );
    }
    noteSignalRead(this.#scope);
    return this.#scope.signal;
  }

  /**
   * Returns a description for logs and error messages: `<Timeout active when=12.345>`.
   *
   * @returns The description.
   */
  toString(): string {
    if (this.#state !== "active") return `<Timeout ${this.#state}>`;
    const when = this.#when === null
      ? null
      : Math.round(this.#when * 1000) / 1000;
    return `<Timeout active when=${when}>`;
  }

  /** @ignore */
  [facts](): { kind: string } & Facts {
    return { kind: "Timeout", deadline: this.#when };
  }

  #onTime(): void {
    const scope = this.#scope!;
    this.#state = "expiring";
    this.#timeLimit = null;
    scope.cancel(undefined);
    this.#onLimit?.(scope);
    if (this.#abandon === null) warnOfForeign(scope);
    else {
      scope.onceObeyed(() => {
        if (this.#state === "expiring" && scope.isUnheard) this.#abandon?.();
      });
    }
  }

  /** Called when the body has ended. Returns the error to throw, or `null`. */
  #leave(scope: BodyScope, failure: Failure | null): Failure | null {
    this.#timeLimit?.cancel();
    this.#timeLimit = null;
    const isExpired = this.#state === "expiring";
    this.#state = isExpired ? "expired" : "finished";
    const isUnheard = scope.isUnheard;
    const cancellation = failure && scope.cancellationIn(failure.error);
    // What is left behind is still to be cancelled.
    if (isExpired && !scope.isAbandoned) scope.takeRequestBack();
    const isOurs = scope.laterRequests === 0;
    scope.leave();
    if (isExpired && isOurs) {
      if (cancellation !== null || (failure === null && isUnheard)) {
        const cause = cancellation;
        const error = new TimeoutError("The time limit was reached", { cause });
        return { error };
      }
      explain(failure?.error);
    }
    return cancellation === null ? failure : { error: cancellation };
  }
}

/** An error that was thrown. */
interface Failure {
  readonly error: unknown;
}

/** Replaces the cause of an error that the limit caused: it is a `TimeoutError`, not a cancellation. */
function explain(error: unknown): void {
  explainCause(error);
  if (!isInstance(error, ExceptionGroup)) return;
  const exceptions = propertyOf(error, "exceptions");
  if (Array.isArray(exceptions)) exceptions.forEach(explainCause);
}

function explainCause(error: unknown): void {
  for (const each of chainOf(error, "cause")) {
    const cause = propertyOf(each, "cause");
    if (!isCancelledError(cause)) continue;
    const explanation = new TimeoutError("The time limit was reached", {
      cause,
    });
    // A frozen error stays as it is.
    trySetProperty(each, "cause", explanation);
    return;
  }
}

/**
 * Runs a function within a time limit, in the current task or, outside any task, in a new task.
 *
 * When the limit is reached, every pending await inside the body is cancelled, and nothing that the task does outside
 * it; `finally` blocks run, and then a `TimeoutError` is thrown. A cancellation of the surrounding code stays a
 * `CancelledError`.
 *
 * A platform promise cannot be interrupted: pass the `signal` of the body's argument to the API that creates it.
 * Otherwise the `TimeoutError` is thrown when that promise settles or, with `abandon`, at once.
 *
 * @typeParam T The type of the result.
 * @param delay The limit in seconds from now, or `null` for none.
 * @param body The function, which receives the {@linkcode Timeout}, to change the limit.
 * @param options Whether to stop waiting for a body that cannot be interrupted.
 * @returns The result of the function.
 * @throws {TimeoutError} If the limit was reached.
 * @throws {TypeError} If `delay` is not a duration, `body` not a function, or `abandon` not a boolean.
 * @throws {RangeError} If `delay` is `NaN`, or a duration without a fixed length.
 *
 * @example Usage
 * ```ts
 * import { sleep, timeout, TimeoutError } from "@asyncio/asyncio";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(
 *   () => timeout(0.001, () => sleep(3600)),
 *   TimeoutError,
 * );
 * ```
 *
 * @category Time limits and cancellation
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.timeout}
 */
export function timeout<T>(
  delay: Delay | null,
  body: (scope: Timeout) => T | PromiseLike<T>,
  options?: TimeoutOptions,
): Promise<T> {
  // Not async functions: each of them on the way takes a tenth of the time of a limit.
  try {
    assertFunctionItself("timeout", "body", body, "delay, ");
    const abandon = abandonOf("timeout", options);
    const now = currentScheduler().time();
    const when = delay === null
      ? null
      : now + secondsOf("timeout", "delay", delay);
    return runWithin(new Timeout(when), body, { abandon, now });
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Runs a function until a point in time, and otherwise works as {@linkcode timeout}.
 *
 * @typeParam T The type of the result.
 * @param when The time, in seconds on the loop's clock, or `null` for no limit.
 * @param body The function, which receives the {@linkcode Timeout}, to change the limit.
 * @param options Whether to stop waiting for a body that cannot be interrupted.
 * @returns The result of the function.
 * @throws {TimeoutError} If the limit was reached.
 * @throws {TypeError} If `when` is neither a number nor `null`, `body` not a function, or `abandon` not a boolean.
 * @throws {RangeError} If `when` is `NaN`.
 *
 * @example Usage
 * ```ts
 * import { getRunningLoop, run, sleep, timeoutAt } from "@asyncio/asyncio";
 *
 * await run(async () => {
 *   const deadline = getRunningLoop().time() + 20;
 *   await timeoutAt(deadline, () => sleep(0.001));
 * });
 * ```
 *
 * @category Time limits and cancellation
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.timeout_at}
 */
export function timeoutAt<T>(
  when: number | null,
  body: (scope: Timeout) => T | PromiseLike<T>,
  options?: TimeoutOptions,
): Promise<T> {
  try {
    assertFunctionItself("timeoutAt", "body", body, "when, ");
    assertTime("timeoutAt", when);
    const abandon = abandonOf("timeoutAt", options);
    return runWithin(new Timeout(when), body, { abandon });
  } catch (error) {
    return Promise.reject(error);
  }
}

function assertTime(caller: string, when: unknown): void {
  if (when !== null) assertNumber(`The when of ${caller}()`, when);
}

function abandonOf(caller: string, options?: TimeoutOptions): boolean {
  assertOptions(caller, options);
  const { abandon = false } = options ?? {};
  assertBoolean(`The abandon option of ${caller}()`, abandon);
  return abandon;
}

/**
 * The options of `waitFor()`.
 *
 * @category Time limits and cancellation
 */
export interface WaitForOptions {
  /** Cancels the wait when it aborts; the `CancelledError` has the signal's reason as its cause. */
  signal?: AbortSignal | undefined;
}

/**
 * Awaits an awaitable within a time limit.
 *
 * When the limit is reached, the awaitable is cancelled and awaited until it has ended, so `waitFor()` can take
 * longer than the limit. A function runs in the current task or, with a signal, in a new one. Cancelling the calling
 * task cancels the awaitable. A native promise is left alone; one that a function awaits can only be interrupted if its
 * API was given `currentTask()!.signal`.
 *
 * Pass the function rather than its promise: if the task awaits several things concurrently, it is unknown which of
 * them the promise depends on, and only the wait for it ends.
 *
 * @typeParam T The type of the result.
 * @param aw A future, a promise or a function.
 * @param timeout The limit in seconds, or `null` for none.
 * @param options A signal that cancels the wait.
 * @returns The result.
 * @throws {TimeoutError} If the limit was reached.
 * @throws {TypeError} If `timeout` is not a duration, or `aw` is not awaitable.
 * @throws {RangeError} If `timeout` is `NaN`, or a duration without a fixed length.
 *
 * @example Usage
 * ```ts
 * import { sleep, TimeoutError, waitFor } from "@asyncio/asyncio";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * assertEquals(await waitFor(sleep(0.001, "in time"), 1), "in time");
 * await assertRejects(() => waitFor(sleep(3600), 0.001), TimeoutError);
 * ```
 *
 * @category Time limits and cancellation
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.wait_for}
 */
export async function waitFor<T>(
  aw: Awaitable<T>,
  timeout: Delay | null,
  options?: WaitForOptions,
): Promise<T> {
  const limit = timeout === null
    ? null
    : secondsOf("waitFor", "timeout", timeout);
  assertAwaitable("waitFor", aw);
  assertOptions("waitFor", options);
  if (callingTask() === null || options?.signal !== undefined) {
    return await createTask(() => wait(aw, limit), { signal: options?.signal });
  }
  return await wait(aw, limit);
}

function wait<T>(aw: Awaitable<T>, limit: number | null): Promise<T> {
  if (limit !== null && limit <= 0) return poll(ensureFuture(aw));
  const now = currentScheduler().time();
  const scope = new Timeout(limit === null ? null : now + limit);
  if (typeof aw === "function") return runWithin(scope, aw, { now });
  if (isFuture(aw)) {
    return runWithin(scope, () => aw as Future<T>, { now });
  }
  return waitForPromise(aw, scope);
}

/**
 * A promise has no scope: the work behind it began before the limit. If the surrounding code has exactly one other
 * await pending, that is taken to be the promise's and cancelled, and the wait lasts until the promise settles.
 * Otherwise only the wait ends.
 */
function waitForPromise<T>(
  promise: PromiseLike<T>,
  limit: Timeout,
): Promise<T> {
  let isPromiseCancelled = false;
  // Each call of `then` of another thenable may begin new work.
  const outcome = (): Future<T> =>
    isInstance<Promise<T>>(promise, Promise)
      ? futureSharing(currentScheduler(), promise)
      : wrapFuture(promise);
  const body = async () => {
    try {
      return await outcome();
    } catch (error) {
      if (isPromiseCancelled) return await outcome();
      throw error;
    }
  };
  return runWithin(limit, body, {
    onLimit(scope) {
      const [other, ...more] = scope.parent!.waits()
        .filter((wait) => !wait.scope!.isIn(scope));
      if (other !== undefined && more.length === 0) {
        isPromiseCancelled = other.cancel(undefined);
      }
      if (!isPromiseCancelled) warnOfPromise(scope);
    },
  });
}

function warnOfPromise({ taskState }: Scope): void {
  if (!taskState.scheduler.debug) return;
  warn(
    `waitFor() in ${taskState.task} was given a promise and reached its limit: the work behind the promise ` +
      "goes on. Pass the function that creates it",
  );
}

/** Returns the result of a future that is done; cancels any other. */
async function poll<T>(future: Future<T>): Promise<T> {
  if (future.done()) return future.result();
  await cancelAndWait(future);
  try {
    return future.result();
  } catch (error) {
    if (!isCancelledError(error)) throw error;
    throw new TimeoutError("The time limit was reached", { cause: error });
  }
}

async function cancelAndWait(future: Future<unknown>): Promise<void> {
  const ended = new Future<void>();
  observe(
    future,
    () => {
      if (!ended.done()) ended.setResult();
    },
    callingTask(),
    ended,
  );
  future.cancel();
  await ended;
}
