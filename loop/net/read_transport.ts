// Copyright 2026 the asyncio for Deno authors. MIT license.

import { BaseTransport, notSupported } from "./base_transport.ts";

/**
 * A transport that can receive.
 *
 * @example Usage
 * ```ts
 * import { ReadTransport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new ReadTransport().pauseReading(), Deno.errors.NotSupported);
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.ReadTransport}
 */
export class ReadTransport extends BaseTransport {
  /**
   * Returns whether the transport is receiving: it is neither paused nor closing.
   *
   * @returns `true` if it is receiving.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const pipe = new Blob(["hello"]).stream();
   *   const [transport] = await getRunningLoop()
   *     .connectReadPipe(() => new Protocol(), pipe);
   *   assertEquals(transport.isReading(), true);
   *   transport.close();
   *   assertEquals(transport.isReading(), false);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.ReadTransport.is_reading}
   */
  isReading(): boolean {
    throw notSupported("isReading");
  }

  /**
   * Pauses receiving: the protocol gets no data until {@linkcode ReadTransport.resumeReading}.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const pipe = new Blob(["hello"]).stream();
   *   const [transport] = await getRunningLoop()
   *     .connectReadPipe(() => new Protocol(), pipe);
   *   transport.pauseReading();
   *   assertEquals(transport.isReading(), false);
   *   transport.resumeReading();
   *   assertEquals(transport.isReading(), true);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.ReadTransport.pause_reading}
   */
  pauseReading(): void {
    throw notSupported("pauseReading");
  }

  /**
   * Resumes receiving.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const pipe = new Blob(["hello"]).stream();
   *   const [transport] = await getRunningLoop()
   *     .connectReadPipe(() => new Protocol(), pipe);
   *   transport.pauseReading();
   *   assertEquals(transport.isReading(), false);
   *   transport.resumeReading();
   *   assertEquals(transport.isReading(), true);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.ReadTransport.resume_reading}
   */
  resumeReading(): void {
    throw notSupported("resumeReading");
  }
}
