// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The method of a {@linkcode Runnable}. A symbol, so that it is not part of the public API. */
export const runStep: unique symbol = Symbol("runStep");

/** An entry of the ready queue of a scheduler. */
export interface Runnable {
  /**
   * Runs the entry, in any async context: an entry that calls user code must have captured its context.
   *
   * @returns Whether the scheduler must wait until the step that began here is reported as over.
   */
  [runStep](): boolean;
}
