// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Context, contextForCallback, emptyContext } from "./context.ts";
import { forgetReads } from "./line.ts";
import {
  isDirect,
  keep,
  keepContext,
  type Kept,
  resume,
} from "./async_context.ts";
import { runStep } from "./call.ts";
import type { Scheduler } from "./scheduler.ts";
import { Timer } from "./timer_queue.ts";
import { inspectAsText } from "./inspection.ts";
import { isInstance, textAt } from "./unknown_value.ts";

/** Returns the callback of a handle. */
export let callbackOf: (handle: Handle) => unknown;

/**
 * A scheduled callback, as returned by `loop.callSoon()`.
 *
 * @example Usage
 * ```ts
 * import { getRunningLoop, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const calls: string[] = [];
 *   const handle = getRunningLoop().callSoon(() => calls.push("never"));
 *   handle.cancel();
 *   await sleep(0);
 *   assertEquals(calls, []);
 * });
 * ```
 *
 * @category Event loop
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Handle}
 */
export class Handle {
  readonly #scheduler: Scheduler;
  #callback: ((...args: unknown[]) => unknown) | null;
  #args: readonly unknown[];
  readonly #kept: Kept;
  /** A copy of the context in which the callback was scheduled; `null` while it would be empty. */
  #context: Context | null = contextForCallback();

  static {
    callbackOf = (handle) => handle.#callback;
    inspectAsText(this);
  }

  /**
   * Created by loops only.
   *
   * @ignore
   */
  constructor(
    scheduler: Scheduler,
    callback: (...args: unknown[]) => unknown,
    args: readonly unknown[],
  ) {
    this.#scheduler = scheduler;
    this.#callback = callback;
    this.#args = args;
    if (scheduler.sites !== null) scheduler.sites.created(this, new.target);
    // Callbacks run outside tasks, even if a task scheduled them.
    this.#kept = keep(scheduler, Handle.#run);
  }

  /** Cancels the callback. No-op if it was called already. */
  cancel(): void {
    this.#callback = null;
    this.#args = [];
  }

  /**
   * Returns whether the callback was cancelled.
   *
   * @returns `true` if it was.
   */
  cancelled(): boolean {
    return this.#callback === null;
  }

  /**
   * Returns the context that the callback runs in: a copy of the one in which it was scheduled.
   *
   * @returns The context.
   */
  getContext(): Context {
    return this.#context ??= emptyContext();
  }

  /**
   * Returns a description for logs and error messages: `<Handle onClose>`.
   *
   * @returns The text.
   */
  toString(): string {
    const what = this.#callback === null
      ? "cancelled"
      : textAt(this.#callback, "name") || "of an anonymous function";
    return `<${this[Symbol.toStringTag]} ${what}>`;
  }

  /** The tag for `Object.prototype.toString()`. */
  get [Symbol.toStringTag](): string {
    return "Handle";
  }

  /** @ignore */
  [runStep](): boolean {
    if (this.#callback === null) return false;
    return !resume(this.#kept, Handle.#run, this);
  }

  static #run(this: void, handle: Handle): void {
    forgetReads();
    handle.#callInContext();
    if (!isDirect) handle.#scheduler.proceed();
  }

  #callInContext(): void {
    if (this.#context === null) this.#call();
    else this.#context.run(() => this.#call());
  }

  #call(): void {
    try {
      const result = this.#callback?.(...this.#args);
      if (isInstance(result, Promise)) {
        result.catch((error) => this.#report(error));
      }
    } catch (error) {
      this.#report(error);
    }
  }

  #report(exception: unknown): void {
    this.#scheduler.report({
      message: "An exception was thrown in a callback",
      exception,
      handle: this,
    });
  }
}

/**
 * A callback scheduled for a time, as returned by `loop.callLater()` and `loop.callAt()`.
 *
 * @example Usage
 * ```ts
 * import { getRunningLoop, run } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * await run(() => {
 *   const loop = getRunningLoop();
 *   const handle = loop.callLater(60, () => console.log("a minute later"));
 *   assert(handle.when() > loop.time());
 *   handle.cancel();
 * });
 * ```
 *
 * @category Event loop
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.TimerHandle}
 */
export class TimerHandle extends Handle {
  readonly #scheduler: Scheduler;
  readonly #timer: HandleTimer;

  /**
   * Created by loops only.
   *
   * @ignore
   */
  constructor(
    scheduler: Scheduler,
    when: number,
    callback: (...args: unknown[]) => unknown,
    args: readonly unknown[],
  ) {
    super(scheduler, callback, args);
    this.#scheduler = scheduler;
    this.#timer = new HandleTimer(when, this);
    scheduler.schedule(this.#timer);
  }

  /**
   * Returns the time of the callback.
   *
   * @returns The time in seconds, on the clock of `loop.time()`.
   */
  when(): number {
    return this.#timer.when;
  }

  /** Cancels the callback. No-op if it was called already. */
  override cancel(): void {
    if (!this.cancelled()) this.#scheduler.unschedule(this.#timer);
    super.cancel();
  }

  /** The tag for `Object.prototype.toString()`. */
  override get [Symbol.toStringTag](): string {
    return "TimerHandle";
  }
}

/** The timer of a handle. */
class HandleTimer extends Timer {
  constructor(when: number, readonly entry: TimerHandle) {
    super(when);
  }
}

/** A callback of user code. */
export type Callback = (...args: unknown[]) => unknown;

/** A callback that is called any number of times, always in the context of its registration. */
export class RepeatedCall {
  readonly #scheduler: Scheduler;
  readonly #makeHandle: () => Handle;
  #isCancelled = false;

  constructor(scheduler: Scheduler, callback: Callback, args: unknown[]) {
    this.#scheduler = scheduler;
    const run = keepContext(scheduler);
    // One context for all calls: each sees the values that the earlier ones set.
    const context = contextForCallback() ?? emptyContext();
    const inContext = () =>
      this.#isCancelled ? undefined : context.run(callback, ...args);
    Object.defineProperty(inContext, "name", {
      value: textAt(callback, "name"),
    });
    this.#makeHandle = () => run(() => new Handle(scheduler, inContext, []));
  }

  /** Schedules a call of the function. */
  enqueue(): void {
    this.#scheduler.enqueue(this.#makeHandle());
  }

  /** Cancels the scheduled calls. */
  cancel(): void {
    this.#isCancelled = true;
  }
}
