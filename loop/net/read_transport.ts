// Copyright 2026 the asyncio for Deno authors. MIT license.

import { BaseTransport, notSupported } from "./base_transport.ts";

/**
 * A transport that receives.
 *
 * @example Usage
 * ```ts
 * import { ReadTransport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new ReadTransport().pauseReading(), Deno.errors.NotSupported);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.ReadTransport}
 */
export class ReadTransport extends BaseTransport {
  /**
   * Whether the transport receives: it is neither paused nor closing.
   *
   * @returns `true` if it does.
   */
  isReading(): boolean {
    throw notSupported("isReading");
  }

  /** Stops receiving: the protocol gets no data until {@linkcode ReadTransport.resumeReading}. */
  pauseReading(): void {
    throw notSupported("pauseReading");
  }

  /** Goes on receiving. */
  resumeReading(): void {
    throw notSupported("resumeReading");
  }
}
