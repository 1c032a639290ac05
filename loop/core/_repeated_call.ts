// Copyright 2026 the asyncio for Deno authors. MIT license.

import { keepContext } from "./async_context.ts";
import { contextForCallback, emptyContext } from "./context.ts";
import { Handle } from "./handle.ts";
import type { Scheduler } from "./scheduler.ts";
import { textAt } from "./unknown_value.ts";

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
