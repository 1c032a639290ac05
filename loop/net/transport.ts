// Copyright 2026 the asyncio for Deno authors. MIT license.

import { notSupported } from "./base_transport.ts";
import type { ReadTransport } from "./read_transport.ts";
import { WriteTransport } from "./write_transport.ts";

/**
 * A transport in both directions, such as a TCP connection.
 *
 * @example Usage
 * ```ts
 * import { Transport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new Transport().abort(), Deno.errors.NotSupported);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Transport}
 */
export class Transport extends WriteTransport implements ReadTransport {
  /**
   * Whether the transport receives: it is neither paused nor closing.
   *
   * @returns `true` if it does.
   */
  isReading(): boolean {
    throw notSupported("isReading");
  }

  /** Stops receiving: the protocol gets no data until {@linkcode Transport.resumeReading}. */
  pauseReading(): void {
    throw notSupported("pauseReading");
  }

  /** Goes on receiving. */
  resumeReading(): void {
    throw notSupported("resumeReading");
  }
}
