// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TimedCall } from "../loop/core/call.ts";
import { inspectAsText } from "../loop/core/inspection.ts";
import {
  CancelledError,
  makeCancelledError,
} from "../loop/core/cancelled_error.ts";
import { BodyScope, noteSignalRead } from "../loop/core/task_state.ts";
import { type Delay, secondsOf } from "../loop/core/delay.ts";
import { RuntimeError, TimeoutError } from "../loop/core/errors.ts";
import { ExceptionGroup } from "../loop/core/exception_group.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { callingTask, notAFunction } from "../loop/core/task.ts";
import {
  chainOf,
  isInstance,
  propertyOf,
  trySetProperty,
} from "../loop/core/unknown_value.ts";
import {
  assertBoolean,
  assertNumber,
  assertOptions,
} from "../loop/core/validate.ts";
import { createTask } from "./create_task.ts";

type State = "created" | "active" | "expiring" | "expired" | "finished";

/** The options of `timeout()` and `timeoutAt()`. */
export interface TimeoutOptions {
  /**
   * Whether the limit ends the wait for a body that awaits what cannot be interrupted. The body is left to itself
   * then: it is cancelled at its next await of something of this library, and its outcome is dropped.
   */
  abandon?: boolean | undefined;
}

/** Runs a body within a timeout; `onLimit` is called when the limit has cancelled what it could. */
export let runWithin: <T>(
  timeout: Timeout,
  body: (scope: Timeout) => T | PromiseLike<T>,
  options: { abandon?: boolean; onLimit?: (scope: BodyScope) => void },
) => Promise<T>;

/**
 * A time limit for a piece of code, which can be moved while the code runs. Ordinarily made by
 * `timeout()`, which hands it to the body.
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
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.Timeout}
 */
export class Timeout {
  #when: number | null;
  #state: State = "created";
  #scope: BodyScope | null = null;
  #timeLimit: TimedCall | null = null;
  #onLimit: ((scope: BodyScope) => void) | null = null;
  /** Ends the wait for the body. */
  #abandon: (() => void) | null = null;

  static {
    inspectAsText(this);
    runWithin = async (timeout, body, { abandon = false, onLimit = null }) => {
      timeout.#onLimit = onLimit;
      return await timeout.#run(body, abandon);
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
   * The time at which the limit is reached.
   *
   * @returns The time, in seconds on the loop's clock, or `null`.
   */
  when(): number | null {
    return this.#when;
  }

  /**
   * Whether the limit was reached while the body ran.
   *
   * @returns `true` if it was.
   */
  expired(): boolean {
    return this.#state === "expiring" || this.#state === "expired";
  }

  /**
   * Moves the limit.
   *
   * @param when The time, in seconds on the loop's clock, or `null` for no limit.
   * @throws {RuntimeError} If the body does not run, or the limit was reached.
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
    this.#timeLimit = when === null
      ? null
      : this.#scope!.taskState.scheduler.at(
        when,
        () => this.#onTime(),
      );
  }

  /**
   * Runs a function within the limit, in the calling task; outside every task in a task of its own.
   *
   * When the limit is reached, every pending await inside the body is cancelled, and the `CancelledError` that leaves
   * the body becomes a `TimeoutError`. A cancellation from elsewhere stays one.
   *
   * @typeParam T The type of the result.
   * @param body The function.
   * @returns What it returns.
   * @throws {TimeoutError} If the limit was reached.
   * @throws {RuntimeError} If this timeout was used before.
   */
  async run<T>(body: (scope: Timeout) => T | PromiseLike<T>): Promise<T> {
    assertBody("Timeout.run", body);
    return await this.#run(body, false);
  }

  async #run<T>(
    body: (scope: Timeout) => T | PromiseLike<T>,
    canAbandon: boolean,
  ): Promise<T> {
    if (callingTask() === null) {
      return await createTask(() => this.#run(body, canAbandon));
    }
    if (this.#state !== "created") {
      throw new RuntimeError("Cannot use a timeout a second time");
    }
    this.#state = "active";
    const scope = this.#scope = new BodyScope();
    this.reschedule(this.#when);
    let result: T;
    try {
      // What the body gives is awaited in the scope, too.
      const running = scope.run(async () => await body(this));
      result = await (canAbandon ? this.#untilAbandoned(running) : running);
    } catch (error) {
      throw this.#leave(scope, { error })!.error;
    }
    const failure = this.#leave(scope, null);
    if (failure !== null) throw failure.error;
    return result;
  }

  /** What the body comes to, unless it is abandoned first. */
  #untilAbandoned<T>(running: Promise<T>): Promise<T> {
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
   * Aborts when the limit is reached or the code around is cancelled: for the APIs of the platform. Reading it says
   * that what is awaited next obeys it, so read it where you use it.
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
   * What this is and how it stands, for messages: `<Timeout active when=12.345>`.
   *
   * @returns The text.
   */
  toString(): string {
    if (this.#state !== "active") return `<Timeout ${this.#state}>`;
    const when = this.#when === null
      ? null
      : Math.round(this.#when * 1000) / 1000;
    return `<Timeout active when=${when}>`;
  }

  #onTime(): void {
    const scope = this.#scope!;
    this.#state = "expiring";
    this.#timeLimit = null;
    scope.cancel(undefined);
    this.#onLimit?.(scope);
    if (this.#abandon !== null) {
      scope.onceObeyed(() => {
        if (this.#state === "expiring" && scope.isUnheard) this.#abandon?.();
      });
    }
  }

  /** The body ended. Returns what is to be thrown, or `null`. */
  #leave(scope: BodyScope, failure: Failure | null): Failure | null {
    this.#timeLimit?.cancel();
    this.#timeLimit = null;
    const isOurs = scope.requests > 0 && scope.laterRequests === 0;
    const isUnheard = scope.isUnheard;
    const cancellation = failure && scope.cancellationIn(failure.error);
    scope.leave();
    const isExpired = this.#state === "expiring";
    this.#state = isExpired ? "expired" : "finished";
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

/** What was thrown. */
interface Failure {
  readonly error: unknown;
}

/** An error that the limit caused says so: its cause is a `TimeoutError`, not a cancellation. */
function explain(error: unknown): void {
  explainCause(error);
  if (!isInstance(error, ExceptionGroup)) return;
  const exceptions = propertyOf(error, "exceptions");
  if (Array.isArray(exceptions)) exceptions.forEach(explainCause);
}

function explainCause(error: unknown): void {
  for (const each of chainOf(error, "cause")) {
    const cause = propertyOf(each, "cause");
    if (!isInstance(cause, CancelledError)) continue;
    const explanation = new TimeoutError("The time limit was reached", {
      cause,
    });
    // A frozen error stays as it is.
    trySetProperty(each, "cause", explanation);
    return;
  }
}

/**
 * Runs a function within a time limit, in the calling task; outside every task in a task of its own.
 *
 * When the limit is reached, every pending await inside the body is cancelled, and nothing that the task does
 * concurrently; `finally` blocks run, and then a `TimeoutError` is thrown. A cancellation from elsewhere stays one. A
 * promise of the platform cannot be interrupted: give the API the `signal` of the body's argument. Otherwise the
 * body goes on until that promise settles, and the `TimeoutError` is thrown then; with `abandon` it is thrown at once.
 *
 * @typeParam T The type of the result.
 * @param delay The limit in seconds from now, or `null` for none.
 * @param body The function; it gets the {@linkcode Timeout}, with which it can move the limit.
 * @param options Whether a body that cannot be interrupted is left behind.
 * @returns What the function returns.
 * @throws {TimeoutError} If the limit was reached.
 * @throws {TypeError} If `delay` is not a length of time, `body` not a function, or `abandon` not a boolean.
 * @throws {RangeError} If `delay` is `NaN`, or a duration of no fixed length.
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
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.timeout}
 */
export async function timeout<T>(
  delay: Delay | null,
  body: (scope: Timeout) => T | PromiseLike<T>,
  options?: TimeoutOptions,
): Promise<T> {
  assertBody("timeout", body, "delay, ");
  const abandon = abandonOf("timeout", options);
  const when = delay === null
    ? null
    : currentScheduler().time() + secondsOf("timeout", "delay", delay);
  return await runWithin(new Timeout(when), body, { abandon });
}

/**
 * Runs a function until a point in time at most; otherwise as `timeout()`.
 *
 * @typeParam T The type of the result.
 * @param when The time, in seconds on the loop's clock, or `null` for no limit.
 * @param body The function; it gets the {@linkcode Timeout}, with which it can move the limit.
 * @param options Whether a body that cannot be interrupted is left behind.
 * @returns What the function returns.
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
 * @see {@link https://docs.python.org/3/library/asyncio-task.html#asyncio.timeout_at}
 */
export async function timeoutAt<T>(
  when: number | null,
  body: (scope: Timeout) => T | PromiseLike<T>,
  options?: TimeoutOptions,
): Promise<T> {
  assertBody("timeoutAt", body, "when, ");
  assertTime("timeoutAt", when);
  const abandon = abandonOf("timeoutAt", options);
  return await runWithin(new Timeout(when), body, { abandon });
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

function assertBody(caller: string, body: unknown, before?: string): void {
  if (typeof body !== "function") {
    throw notAFunction(caller, "body", body, before);
  }
}
