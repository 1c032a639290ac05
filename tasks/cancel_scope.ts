// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  BodyScope,
  currentSpot,
  noteSignalRead,
} from "../loop/core/task_state.ts";
import { RuntimeError, TimeoutError, warn } from "../loop/core/errors.ts";
import type { TimedCall } from "../loop/core/call.ts";
import { type Facts, facts, inspectAsText } from "../loop/core/inspection.ts";
import {
  cancellationIn,
  type CancelledError,
  makeCausedCancelledError,
  makeSignalReason,
} from "../loop/core/cancelled_error.ts";
import {
  assertBoolean,
  assertFunction,
  assertInstance,
  assertNumber,
  assertOptions,
  type Delay,
  secondsOf,
} from "../loop/core/validate.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import type { CancelMessage } from "../loop/core/scope.ts";
import { assertFunctionItself, callingTask } from "../loop/core/task.ts";
import { createTask } from "./create_task.ts";
import { chainOf, isInstance } from "../loop/core/unknown_value.ts";

/** Warns, in debug mode, of a body that its time limit has not interrupted, unless it has read a signal. */
export function warnOfForeign(scope: BodyScope): void {
  const { scheduler, task } = scope.taskState;
  if (!scheduler.debug) return;
  scope.onceObeyed(() => {
    if (!scope.isUnheard) return;
    if (scope.inside(true).some(({ hasSignal }) => hasSignal)) return;
    warn(
      `A time limit in ${task} was reached, and what its body awaits cannot be interrupted: pass the signal to it`,
    );
  });
}

/**
 * The options of a {@linkcode CancelScope}.
 *
 * @category Time limits and cancellation
 */
export interface CancelScopeOptions {
  /** The time at which the scope is cancelled, in seconds on the loop's clock; `null`, the default, for none. */
  deadline?: number | null | undefined;
  /** Whether requests to cancel the surrounding code wait until the scope ends. */
  shield?: boolean | undefined;
  /** Whether every await inside throws once the scope is cancelled, instead of the pending ones only. */
  persistent?: boolean | undefined;
  /** Cancels the scope when it aborts; the `CancelledError` has the signal's reason as its cause. */
  signal?: AbortSignal | undefined;
}

/**
 * The options of {@linkcode shielded}.
 *
 * @category Time limits and cancellation
 */
export interface ShieldedOptions {
  /** The time limit for the body, in seconds; `null`, the default, for none. */
  within?: Delay | null | undefined;
}

/**
 * A piece of code that can be cancelled by itself. Usually created by `cancelScope()`, which passes it to the body.
 *
 * When the scope is cancelled, every pending await inside the body throws a `CancelledError`, also in nested scopes.
 * Nothing outside does. The error stops at the scope, and the code after it continues. A request to cancel is
 * delivered once: a clean-up that awaits is not interrupted by the same request, unless the scope is persistent.
 *
 * @example Cancel a piece of code, and go on
 * ```ts
 * import { cancelScope, getRunningLoop, run, sleep } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * await run(async () => {
 *   const loop = getRunningLoop();
 *   await cancelScope(async (scope) => {
 *     loop.callLater(0.001, () => scope.cancel());
 *     await sleep(3600);
 *   });
 *   assert(true, "an hour was saved");
 * });
 * ```
 *
 * @category Time limits and cancellation
 * @see {@link https://trio.readthedocs.io/en/stable/reference-core.html#trio.CancelScope}
 */
export class CancelScope {
  readonly #persistent: boolean;
  readonly #outside: AbortSignal | null;
  #deadline: number | null;
  #shield: boolean;
  #scope: BodyScope | null = null;
  #state: "created" | "active" | "finished" = "created";
  #request: { message: CancelMessage } | null = null;
  #isCaught = false;
  #timeLimit: TimedCall | null = null;
  /** The controller of a signal that was read before the body began. */
  #controller: AbortController | null = null;

  static {
    inspectAsText(this);
  }

  /**
   * Constructs a new instance.
   *
   * @param options A deadline, a shield, whether the cancellation persists, and a signal that cancels it.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If the deadline is not a time.
   */
  constructor(options: CancelScopeOptions = {}) {
    assertOptions("CancelScope", options);
    const { deadline = null, shield = false, persistent = false, signal } =
      options;
    assertDeadline(deadline);
    assertShield(shield);
    assertBoolean("The persistent option of CancelScope()", persistent);
    if (signal !== undefined) {
      assertInstance(
        "The signal of a cancel scope",
        "an AbortSignal",
        AbortSignal,
        signal,
      );
    }
    this.#deadline = deadline;
    this.#shield = shield;
    this.#persistent = persistent;
    this.#outside = signal ?? null;
  }

  /**
   * Runs a function in the scope, in the current task or, outside any task, in a new task.
   *
   * Cancelling the awaiting task cancels the body; with a shield, only after the body has ended.
   *
   * @typeParam T The type of the result.
   * @param body The function, which receives the scope.
   * @returns The result of the function; `undefined` if cancelling the scope ended it.
   * @throws {RuntimeError} If the scope has already been used.
   * @throws {TypeError} If `body` is not a function.
   */
  async run<T>(
    body: (scope: this) => T | PromiseLike<T>,
  ): Promise<T | undefined> {
    assertFunctionItself("CancelScope.run", "body", body);
    if (callingTask() === null) return await createTask(() => this.run(body));
    if (this.#state !== "created") {
      throw new RuntimeError(
        "Cannot run the cancel scope as it has already been used",
      );
    }
    this.#state = "active";
    const scope = this.#scope = new BodyScope(this);
    const ignoreSignal = this.#begin(scope);
    try {
      const result = await scope.run(body, this);
      this.#leave(scope, null);
      return result;
    } catch (error) {
      if (this.#state === "active") this.#leave(scope, { error });
      return undefined;
    } finally {
      ignoreSignal();
    }
  }

  /**
   * Cancels the body. May be called at any time and repeatedly: before {@linkcode CancelScope.run}, the first await
   * of the body throws.
   *
   * @param msg The message of the `CancelledError`.
   */
  cancel(msg?: string): void {
    this.#cancel(msg);
  }

  /** Whether {@linkcode CancelScope.cancel} was called, or the deadline has passed. */
  get cancelled(): boolean {
    if (this.#state !== "finished" && this.#isLate()) this.#cancel(undefined);
    return this.#request !== null;
  }

  /** Whether the cancellation ended the body, and its `CancelledError` stopped at this scope. */
  get caught(): boolean {
    return this.#isCaught;
  }

  /**
   * The time at which the scope is cancelled, in seconds on the loop's clock, or `null`. It can be changed while the
   * body runs, without effect once the scope is cancelled.
   *
   * @throws {TypeError} If it is set to a value that is neither a number nor `null`.
   * @throws {RangeError} If it is set to `NaN`.
   */
  get deadline(): number | null {
    return this.#deadline;
  }

  set deadline(value: number | null) {
    assertDeadline(value);
    this.#deadline = value;
    if (this.#state === "active") this.#setTimeLimit();
  }

  /**
   * Whether requests to cancel the surrounding code wait until the body has ended. When it is set to `false`, pending
   * requests take effect at once.
   *
   * @throws {TypeError} If it is set to a value that is not a boolean.
   */
  get shield(): boolean {
    return this.#shield;
  }

  set shield(value: boolean) {
    assertShield(value);
    this.#shield = value;
    if (this.#state === "active") this.#scope!.shield = value;
  }

  /**
   * A signal for platform APIs, which aborts when the scope is cancelled, with the `CancelledError` as its reason.
   * Reading it in the body means that the next await obeys it, so read it where you use it.
   */
  get signal(): AbortSignal {
    if (this.#scope !== null) {
      noteSignalRead(this.#scope);
      return this.#scope.signal;
    }
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#request !== null) this.#abortEarly(this.#request.message);
    }
    return this.#controller.signal;
  }

  /**
   * Returns a description for logs and error messages: `<CancelScope active>`.
   *
   * @returns The description.
   */
  toString(): string {
    const cancelled = this.#request === null ? "" : " cancelled";
    return `<CancelScope ${this.#state}${cancelled}>`;
  }

  /** @ignore */
  [facts](): { kind: string } & Facts {
    return { kind: "CancelScope", deadline: this.#deadline };
  }

  /** Returns a function to call at the end. */
  #begin(scope: BodyScope): () => void {
    scope.persistent = this.#persistent;
    scope.shield = this.#shield;
    if (this.#controller !== null) scope.adopt(this.#controller);
    this.#setTimeLimit();
    const outside = this.#outside;
    const onAbort = () =>
      this.#cancel(makeCausedCancelledError(outside!.reason));
    if (outside?.aborted) onAbort();
    else outside?.addEventListener("abort", onAbort, { once: true });
    if (this.#request !== null && scope.request === 0) {
      scope.cancel(this.#request.message);
    }
    return () => outside?.removeEventListener("abort", onAbort);
  }

  #cancel(message: CancelMessage): void {
    if (this.#request !== null) return;
    this.#request = { message };
    if (this.#state === "active") this.#scope!.cancel(message);
    else if (this.#state === "created") this.#abortEarly(message);
  }

  /** Aborts the signal of a scope whose body has not begun, if it was read. */
  #abortEarly(message: CancelMessage): void {
    this.#controller?.abort(makeSignalReason(message));
  }

  #setTimeLimit(): void {
    this.#timeLimit?.cancel();
    this.#timeLimit = null;
    const deadline = this.#deadline;
    if (deadline === null || this.#request !== null) return;
    if (this.#isLate()) this.#cancel(undefined);
    else {
      const { scheduler } = this.#scope!.taskState;
      this.#timeLimit = scheduler.at(deadline, () => {
        this.#cancel(undefined);
        warnOfForeign(this.#scope!);
      });
    }
  }

  #isLate(): boolean {
    if (this.#deadline === null) return false;
    const scheduler = this.#scope?.taskState.scheduler ?? currentScheduler();
    return this.#deadline <= scheduler.time();
  }

  /** Throws the error with which the code after the body continues, if any. */
  #leave(scope: BodyScope, failure: { error: unknown } | null): void {
    this.#state = "finished";
    this.#timeLimit?.cancel();
    const isOurs = scope.requests > 0 && !scope.isOvertaken;
    const cancellation = failure && scope.cancellationIn(failure.error);
    scope.leave();
    if (failure === null) return;
    if (cancellation === null) throw failure.error;
    if (!isOurs) throw cancellation;
    this.#isCaught = true;
  }
}

/**
 * Runs a function as a piece of code that can be cancelled by itself, in the current task or, outside any task, in a
 * new task. See {@linkcode CancelScope}.
 *
 * @typeParam T The type of the result.
 * @param body The function, which receives the scope.
 * @param options A deadline, a shield, whether the cancellation persists, and a signal that cancels the scope.
 * @returns The result of the function; `undefined` if cancelling the scope ended it.
 * @throws {TypeError} If `body` is not a function, or an option is of the wrong type.
 * @throws {RangeError} If the deadline is not a time.
 *
 * @example Usage
 * ```ts
 * import { cancelScope, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const result = await cancelScope(async (scope) => {
 *   scope.cancel();
 *   await sleep(3600);
 *   return "never";
 * });
 * assertEquals(result, undefined);
 * ```
 *
 * @category Time limits and cancellation
 */
export async function cancelScope<T>(
  body: (scope: CancelScope) => T | PromiseLike<T>,
  options?: CancelScopeOptions,
): Promise<T | undefined> {
  assertFunctionItself("cancelScope", "body", body);
  return await new CancelScope(options).run(body);
}

/**
 * Runs a function within a time limit, and continues where `timeout()` would throw.
 *
 * When the time limit expires, every pending await inside the body is cancelled. Cancelling the awaiting task cancels
 * the body.
 *
 * @typeParam T The type of the body's result.
 * @typeParam D The type of the replacement.
 * @param delay The time limit in seconds; `null` for none.
 * @param body The function, which receives its scope, whose deadline can be changed.
 * @param otherwise Called outside the limit, if the limit ended the body.
 * @returns The result of the body, or that of `otherwise`; `undefined` without that.
 * @throws {RangeError} If `delay` is out of range.
 * @throws {TypeError} If `delay` is not a duration, or `body` or `otherwise` is not a function.
 *
 * @example Usage
 * ```ts
 * import { moveOnAfter, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await moveOnAfter(0.001, () => sleep(60, "fresh"), () => "cached"), "cached");
 * ```
 *
 * @category Time limits and cancellation
 * @see {@link https://trio.readthedocs.io/en/stable/reference-core.html#trio.move_on_after}
 */
export async function moveOnAfter<T, D = undefined>(
  delay: Delay | null,
  body: (scope: CancelScope) => T | PromiseLike<T>,
  otherwise?: () => D | PromiseLike<D>,
): Promise<T | D> {
  const seconds = delay === null
    ? null
    : secondsOf("moveOnAfter", "delay", delay);
  assertFunctionItself("moveOnAfter", "body", body, "delay, ");
  if (otherwise !== undefined) {
    assertFunction("The otherwise of moveOnAfter()", otherwise);
  }
  const deadline = seconds === null
    ? null
    : currentScheduler().time() + seconds;
  const scope = new CancelScope({ deadline });
  const result = await scope.run(body);
  return scope.caught ? await otherwise?.() as D : result as T;
}

/**
 * Runs a function that requests to cancel the surrounding code do not interrupt, such as a clean-up. The requests
 * take effect at the first await after it.
 *
 * @typeParam T The type of the result.
 * @param body The function, which receives its scope, which can be cancelled by itself.
 * @param options A time limit.
 * @returns The result of the function; `undefined` if the time limit ended it.
 * @throws {RangeError} If `within` is out of range.
 * @throws {TypeError} If `body` is not a function, or `within` is not a duration.
 *
 * @example Say goodbye, but not forever
 * ```ts
 * import { createTask, shielded, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const said: string[] = [];
 * const task = createTask(async () => {
 *   try {
 *     await sleep(3600);
 *   } finally {
 *     await shielded(async () => {
 *       await sleep(0.001);
 *       said.push("goodbye");
 *     }, { within: 5 });
 *   }
 * });
 * await sleep(0);
 * task.cancel();
 * await sleep(0);
 * task.cancel();
 * await task.catch(() => {});
 * assertEquals(said, ["goodbye"]);
 * ```
 *
 * @category Time limits and cancellation
 * @see {@link https://trio.readthedocs.io/en/stable/reference-core.html#trio.CancelScope.shield}
 */
export async function shielded<T>(
  body: (scope: CancelScope) => T | PromiseLike<T>,
  options?: ShieldedOptions,
): Promise<T | undefined> {
  assertFunctionItself("shielded", "body", body);
  assertOptions("shielded", options);
  const within = options?.within ?? null;
  const deadline = within === null
    ? null
    : currentScheduler().time() + secondsOf("shielded", "within", within);
  return await new CancelScope({ deadline, shield: true }).run(body);
}

function assertDeadline(value: unknown): void {
  if (value !== null) assertNumber("The deadline of a cancel scope", value);
}

function assertShield(value: unknown): void {
  assertBoolean("The shield of a cancel scope", value);
}

/**
 * Throws an error if it is a cancellation: for `catch` blocks that handle failures, which a cancellation is not.
 *
 * A cancellation is a `CancelledError`, an error with one in its chain of causes, and what a foreign operation throws
 * that obeyed the signal of a cancelled task. A `TimeoutError` is a failure, although a `CancelledError` is its cause.
 *
 * @param error What was caught.
 * @throws The error, if it is a cancellation.
 *
 * @example Usage
 * ```ts
 * import { createTask, rethrowCancelled, sleep } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * const task = createTask(async () => {
 *   try {
 *     await sleep(3600);
 *   } catch (error) {
 *     rethrowCancelled(error);
 *     console.error("failed:", error);
 *   }
 * });
 * await sleep(0);
 * task.cancel();
 * await task.catch(() => {});
 * assert(task.cancelled());
 * ```
 *
 * @category Time limits and cancellation
 */
export function rethrowCancelled(error: unknown): void {
  if (isCancellation(error)) throw error;
}

/** Whether an error is a cancellation, in the scope of the calling code. */
export function isCancellation(error: unknown): boolean {
  if (cancellationIn(error) !== null) return true;
  for (const each of chainOf(error, "cause")) {
    if (isInstance(each, TimeoutError)) return false;
    if (cancellationIn(each) !== null) return true;
  }
  const scope = currentSpot()?.scope.nearestOpen();
  const cancellation: CancelledError | null | undefined = scope
    ?.cancellationIn(error);
  return cancellation != null;
}

/** Returns the number of requests in force to cancel the calling code; 0 outside tasks. */
export function requestsAround(): number {
  return currentSpot()?.scope.nearestOpen().requestsAround() ?? 0;
}
