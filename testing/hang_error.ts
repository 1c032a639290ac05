// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../loop/core/errors.ts";

/**
 * Nothing can happen any more: nothing is ready, no timer is set, and the program is not over. The message
 * shows who waits for what.
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
 */
export class HangError extends RuntimeError {
  /**
   * Constructs a new instance.
   *
   * @param message Who waits for what.
   */
  constructor(message: string) {
    super(message);
    this.name = "HangError";
  }
}
