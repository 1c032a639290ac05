// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The method of an {@linkcode Runnable} that runs it. A symbol, so that it is no part of the public API. */
export const runStep: unique symbol = Symbol("runStep");

/** Something that waits for its turn in a scheduler's ready queue. */
export interface Runnable {
  /**
   * Runs the entry, in any async context: what calls the user's code must have captured its own.
   *
   * @returns Whether the scheduler must wait: what began here tells it when it is over.
   */
  [runStep](): boolean;
}
