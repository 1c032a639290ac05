// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "./errors.ts";
// Type-only import: a primitive is bound to what is passed in.
import type { Scheduler } from "./scheduler.ts";

/** The loop that a primitive belongs to: that in which it is first waited for, as in asyncio. */
export class LoopBound {
  readonly #primitive: string;
  #scheduler: Scheduler | null = null;

  /** `primitive` is its name in messages. */
  constructor(primitive: string) {
    this.#primitive = primitive;
  }

  /** Binds the primitive; returns the error if it is bound to another loop. */
  bind(scheduler: Scheduler): RuntimeError | null {
    if ((this.#scheduler ??= scheduler) === scheduler) return null;
    return new RuntimeError(
      `Cannot wait for the ${this.#primitive} as it is bound to another event loop`,
    );
  }
}
