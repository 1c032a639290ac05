// Copyright 2026 the asyncio for Deno authors. MIT license.

import { cancellationIn, CancelledError } from "../loop/cancelled_error.ts";
import { type Delay, secondsOf } from "../loop/delay.ts";
import { RuntimeError, TimeoutError } from "../loop/errors.ts";
import { ExceptionGroup } from "../loop/exception_group.ts";
import { homeOf } from "../loop/future.ts";
import { currentScheduler } from "../loop/scheduler.ts";
import { shown } from "../loop/shown.ts";
import { callingTask, notAFunction, type Task } from "../loop/task.ts";
import {
  chainOf,
  isInstance,
  propertyOf,
  textOf,
  trySetProperty,
} from "../loop/unknown_value.ts";
import { Alarm } from "./_alarm.ts";
import { Scope } from "./_scope.ts";
import { createTask } from "./create_task.ts";

type State = "created" | "active" | "expiring" | "expired" | "finished";

/** As `timeout.run()`, for a body that only awaits a promise: what that stands for is to be cancelled. */
export let limitPromise: <T>(
  timeout: Timeout,
  body: () => PromiseLike<T>,
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
  #claimsAll = false;
  #state: State = "created";
  #scope: Scope | null = null;
  #alarm: Alarm | null = null;

  static {
    limitPromise = (timeout, body) => {
      timeout.#claimsAll = true;
      return timeout.run(body);
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
    this.#alarm?.cancel();
    this.#alarm = when === null
      ? null
      : new Alarm(homeOf(this.#scope!.task), when, () => this.#onTime());
  }

  /**
   * Runs a function within the limit, in the calling task; outside every task in a task of its own.
   *
   * When the limit is reached, the task is cancelled, and the `CancelledError` that leaves the body
   * becomes a `TimeoutError`. A cancellation from elsewhere stays one.
   *
   * @typeParam T The type of the result.
   * @param body The function.
   * @returns What it returns.
   * @throws {TimeoutError} If the limit was reached.
   * @throws {RuntimeError} If this timeout was used before.
   */
  async run<T>(body: (scope: Timeout) => T | PromiseLike<T>): Promise<T> {
    assertBody("Timeout.run", body);
    if (callingTask() === null) return await createTask(() => this.run(body));
    if (this.#state !== "created") {
      throw new RuntimeError("Cannot use a timeout a second time");
    }
    this.#state = "active";
    const scope = this.#scope = new Scope(this.#claimsAll);
    this.reschedule(this.#when);
    let result: T;
    try {
      // What the body gives is awaited in the scope, too.
      result = await scope.run(async () => await body(this));
    } catch (error) {
      throw this.#leave(scope, error);
    }
    this.#leave(scope);
    return result;
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

  /** @ignore */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  #onTime(): void {
    this.#state = "expiring";
    this.#alarm = null;
    this.#scope?.cancel();
  }

  /** The body ended. Returns what is to be thrown in place of `error`. */
  #leave(scope: Scope, error?: unknown): unknown {
    this.#alarm?.cancel();
    this.#alarm = null;
    scope.close();
    if (this.#state === "active") {
      this.#state = "finished";
    } else if (this.#state === "expiring") {
      this.#state = "expired";
      const isOurs = scope.uncancel() <= scope.requestsBefore;
      if (isOurs && cancellationIn(error) !== null) {
        return new TimeoutError("The time limit was reached", { cause: error });
      }
      if (isOurs) explain(error);
      if (isOurs && error === undefined) warnOfNoEffect(scope.task);
    }
    return error;
  }
}

function warnOfNoEffect(task: Task<unknown>): void {
  if (homeOf(task).debug === null) return;
  console.warn(
    `A time limit of ${
      textOf(task)
    } was reached, but its body ended as if it had not been: it awaited only what ` +
      "cannot be cancelled, or a catch block swallowed the CancelledError. Give fetch() and the like " +
      "currentTask()!.signal",
  );
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
 * When the limit is reached, everything that the body awaits is cancelled, and nothing that the task does
 * beside it, as by `Promise.all()`; its `finally` blocks run, and then a `TimeoutError` arises. A cancellation from elsewhere stays one. A promise of the platform's
 * own cannot be interrupted: give the API `currentTask()!.signal`, or the body goes on until that
 * promise settles.
 *
 * @typeParam T The type of the result.
 * @param delay The limit in seconds from now, or `null` for none.
 * @param body The function; it gets the {@linkcode Timeout}, with which it can move the limit.
 * @returns What the function returns.
 * @throws {TimeoutError} If the limit was reached.
 * @throws {TypeError} If `delay` is not a length of time.
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
): Promise<T> {
  assertBody("timeout", body, "delay, ");
  const when = delay === null
    ? null
    : currentScheduler().time() + secondsOf("timeout", "delay", delay);
  return await new Timeout(when).run(body);
}

/**
 * Runs a function until a point in time at most; otherwise as `timeout()`.
 *
 * @typeParam T The type of the result.
 * @param when The time, in seconds on the loop's clock, or `null` for no limit.
 * @param body The function; it gets the {@linkcode Timeout}, with which it can move the limit.
 * @returns What the function returns.
 * @throws {TimeoutError} If the limit was reached.
 * @throws {TypeError} If `when` is neither a number nor `null`.
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
): Promise<T> {
  assertBody("timeoutAt", body, "when, ");
  assertTime("timeoutAt", when);
  return await new Timeout(when).run(body);
}

function assertTime(caller: string, when: unknown): void {
  if (when === null || (typeof when === "number" && !Number.isNaN(when))) {
    return;
  }
  const ErrorClass = Number.isNaN(when) ? RangeError : TypeError;
  throw new ErrorClass(
    `${caller}() takes a time in seconds or null as its when: received ${
      shown(when)
    }`,
  );
}

function assertBody(caller: string, body: unknown, before?: string): void {
  if (typeof body !== "function") {
    throw notAFunction(caller, "body", body, before);
  }
}
