// Copyright 2026 the asyncio for Deno authors. MIT license.

import { notSupported } from "./base_transport.ts";
import type { ReadTransport } from "./read_transport.ts";
import { WriteTransport } from "./write_transport.ts";

/**
 * A bidirectional transport, such as a TCP connection.
 *
 * @example Usage
 * ```ts
 * import { Transport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new Transport().abort(), Deno.errors.NotSupported);
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Transport}
 */
export class Transport extends WriteTransport<Deno.Conn>
  implements ReadTransport {
  /**
   * Returns whether the transport is receiving: it is neither paused nor closing.
   *
   * @returns `true` if it is receiving.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run, startServer } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer((_, writer) => writer.close(), "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *   const [transport] = await getRunningLoop()
   *     .createConnection(() => new Protocol(), hostname, port);
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
   * Pauses receiving: the protocol gets no data until {@linkcode Transport.resumeReading}.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run, startServer } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer((_, writer) => writer.close(), "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *   const [transport] = await getRunningLoop()
   *     .createConnection(() => new Protocol(), hostname, port);
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
   * import { getRunningLoop, run, startServer } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer((_, writer) => writer.close(), "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *   const [transport] = await getRunningLoop()
   *     .createConnection(() => new Protocol(), hostname, port);
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
