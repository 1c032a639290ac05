// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Context, contextForCallback, emptyContext } from "./context.ts";
import { forgetReads } from "./_await.ts";
import {
  isDirect,
  keep,
  keepContext,
  type Kept,
  resume,
} from "./async_context.ts";
import { type Runnable, runStep } from "./runnable.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Timer } from "./timer_queue.ts";
import { inspectAsText } from "./inspection.ts";
import { keepCreation } from "./introspection/source_stacks.ts";
import { isInstance, textAt } from "./unknown_value.ts";

/** The callback that a handle calls. */
export let callbackOf: (handle: Handle) => unknown;

/**
 * A callback that waits for its turn: what `loop.callSoon()` returns.
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
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Handle}
 */
export class Handle {
  readonly #scheduler: Scheduler;
  #callback: ((...args: unknown[]) => unknown) | null;
  #args: readonly unknown[];
  readonly #kept: Kept;
  /** A copy of the context of whoever asked for the callback; `null` while it would be empty. */
  #context: Context | null = contextForCallback();

  static {
    callbackOf = (handle) => handle.#callback;
    inspectAsText(this);
  }

  /**
   * Loops make handles.
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
    if (scheduler.debug !== null) keepCreation(this, new.target);
    // Inside a callback there is no current task, even if a task asked for it.
    this.#kept = keep(scheduler, Handle.#run);
  }

  /** Takes the callback back; it will not be called. Nothing happens if it was called already. */
  cancel(): void {
    this.#callback = null;
    this.#args = [];
  }

  /**
   * Whether the callback was taken back.
   *
   * @returns `true` if it was.
   */
  cancelled(): boolean {
    return this.#callback === null;
  }

  /**
   * The context that the callback runs in: a copy of that of whoever asked for it.
   *
   * @returns The context.
   */
  getContext(): Context {
    return this.#context ??= emptyContext();
  }

  /**
   * What the handle calls, for messages: `<Handle onClose>`.
   *
   * @returns The text.
   */
  toString(): string {
    const what = this.#callback === null
      ? "cancelled"
      : textAt(this.#callback, "name") || "of an anonymous function";
    return `<${this[Symbol.toStringTag]} ${what}>`;
  }

  /** What `Object.prototype.toString` says. */
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
 * A callback that waits for its time: what `loop.callLater()` and `loop.callAt()` return.
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
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.TimerHandle}
 */
export class TimerHandle extends Handle {
  readonly #scheduler: Scheduler;
  readonly #timer: Timer<Runnable>;

  /**
   * Loops make handles.
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
    this.#timer = scheduler.schedule(when, this);
  }

  /**
   * The time at which the callback is due.
   *
   * @returns The time in seconds, on the clock of `loop.time()`.
   */
  when(): number {
    return this.#timer.when;
  }

  /** Takes the callback back; it will not be called. Nothing happens if it was called already. */
  override cancel(): void {
    if (!this.cancelled()) this.#scheduler.unschedule(this.#timer);
    super.cancel();
  }

  /** What `Object.prototype.toString` says. */
  override get [Symbol.toStringTag](): string {
    return "TimerHandle";
  }
}

/** A callback of the user's. */
export type Callback = (...args: unknown[]) => unknown;

/** Calls a function as often as it is asked to, always in the context in which this was made. */
export class RepeatedCall {
  readonly #scheduler: Scheduler;
  readonly #makeHandle: () => Handle;
  #isCancelled = false;

  constructor(scheduler: Scheduler, callback: Callback, args: unknown[]) {
    this.#scheduler = scheduler;
    const run = keepContext(scheduler);
    // The same one in every call: what a call sets in it the next one sees.
    const context = contextForCallback() ?? emptyContext();
    const inContext = () =>
      this.#isCancelled ? undefined : context.run(callback, ...args);
    Object.defineProperty(inContext, "name", {
      value: textAt(callback, "name"),
    });
    this.#makeHandle = () => run(() => new Handle(scheduler, inContext, []));
  }

  /** Has the function called in its turn. */
  enqueue(): void {
    this.#scheduler.enqueue(this.#makeHandle());
  }

  /** Takes back what waits for its turn. */
  cancel(): void {
    this.#isCancelled = true;
  }
}
