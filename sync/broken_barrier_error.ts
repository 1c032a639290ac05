// Copyright 2026 the asyncio for Deno authors. MIT license.

import { registerErrorClass } from "../loop/core/error_classes.ts";
import { RuntimeError } from "../loop/core/errors.ts";

/**
 * The barrier was aborted, or was reset while tasks were waiting.
 *
 * @example Usage
 * ```ts
 * import { Barrier, BrokenBarrierError } from "@asyncio/asyncio";
 * import { assertRejects } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * await barrier.abort();
 * await assertRejects(() => barrier.wait(), BrokenBarrierError);
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/asyncio-sync.html#asyncio.BrokenBarrierError}
 */
export class BrokenBarrierError extends RuntimeError {
  /**
   * Constructs a new instance.
   *
   * @param message What happened to the barrier.
   * @param options The `cause` of the error.
   */
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BrokenBarrierError";
  }
}

registerErrorClass(BrokenBarrierError);
