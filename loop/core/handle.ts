// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Context, contextForCallback, emptyContext } from "./context.ts";
import { forgetReads } from "./_await.ts";
import { isDirect, keep, type Kept, resume } from "./async_context.ts";
import { runStep, type Scheduler } from "./scheduler.ts";
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

  /** @ignore */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
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
    this.#scheduler.reportThrown({
      message: "An exception was thrown in a callback",
      exception,
      handle: this,
    });
  }
}
