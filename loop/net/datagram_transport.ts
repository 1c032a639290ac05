// Copyright 2026 the asyncio for Deno authors. MIT license.

import { BaseTransport, notSupported } from "./base_transport.ts";
import type { DatagramSocket } from "./datagram_socket.ts";
import type { HostAddress } from "./options.ts";
import { writeBufferOf } from "./write_buffer.ts";

/**
 * A transport of datagrams: `loop.createDatagramEndpoint()` makes them.
 *
 * @example Usage
 * ```ts
 * import { DatagramTransport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new DatagramTransport().sendTo("hello"), Deno.errors.NotSupported);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.DatagramTransport}
 */
export class DatagramTransport extends BaseTransport<DatagramSocket> {
  /**
   * Sends a datagram, without waiting for it. The array belongs to the caller again when the method
   * returns. Datagrams leave in the order of the calls; that one could not be sent the protocol's
   * `errorReceived()` is told.
   *
   * @param _data The bytes, or a string that is sent as UTF-8; an empty datagram is sent too.
   * @param _addr Where to; left out where the endpoint has a remote address.
   * @throws {TypeError} If `data` is neither bytes nor a string, or there is no address.
   * @throws {RangeError} If the endpoint has another remote address.
   */
  sendTo(
    _data: Uint8Array | string,
    _addr?: HostAddress | Deno.UnixAddr | null,
  ): void {
    throw notSupported("sendTo");
  }

  /** Closes at once and drops what is not sent yet; `connectionLost(null)` follows. */
  abort(): void {
    throw notSupported("abort");
  }

  /**
   * How much has not been sent yet.
   *
   * @returns The number of bytes, with 8 for the header of each datagram.
   */
  getWriteBufferSize(): number {
    return writeBufferOf(this, "getWriteBufferSize").size;
  }

  /**
   * The water marks.
   *
   * @returns The low and the high one, in bytes.
   */
  getWriteBufferLimits(): [low: number, high: number] {
    return writeBufferOf(this, "getWriteBufferLimits").limits;
  }

  /**
   * Sets the water marks: above the high one the protocol's `pauseWriting()` is called, and once no
   * more than the low one is left, its `resumeWriting()`.
   *
   * @param high The high mark in bytes: 64 KiB by default, or four times the low one.
   * @param low The low mark in bytes: a quarter of the high one by default.
   */
  setWriteBufferLimits(high?: number | null, low?: number | null): void {
    writeBufferOf(this, "setWriteBufferLimits").setLimits(high, low);
  }
}
