// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../loop/core/errors.ts";

/**
 * Thrown when a program hangs: nothing is ready, no timer is set, and the program has not ended. The message
 * shows what each task waits for.
 *
 * @example Usage
 * ```ts
 * import { Event, run } from "@asyncio/asyncio";
 * import { HangError, VirtualTimeLoop } from "@asyncio/asyncio/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const loopFactory = () => new VirtualTimeLoop();
 * await assertRejects(() => run(() => new Event().wait(), { loopFactory }), HangError);
 * ```
 *
 * @category Tests
 */
export class HangError extends RuntimeError {
  /**
   * Constructs a new instance.
   *
   * @param message The description of the pending tasks.
   */
  constructor(message: string) {
    super(message);
    this.name = "HangError";
  }
}
