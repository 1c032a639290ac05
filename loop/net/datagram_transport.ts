// Copyright 2026 the asyncio for Deno authors. MIT license.

import { BaseTransport, notSupported } from "./base_transport.ts";
import type { DatagramSocket } from "./datagram_socket.ts";
import type { HostAddress } from "./options.ts";
import { writeBufferOf } from "./write_buffer.ts";

/**
 * A transport for datagrams, as created by `loop.createDatagramEndpoint()`.
 *
 * @example Usage
 * ```ts
 * import { DatagramTransport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new DatagramTransport().sendTo("hello"), Deno.errors.NotSupported);
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.DatagramTransport}
 */
export class DatagramTransport extends BaseTransport<DatagramSocket> {
  /**
   * Sends a datagram without blocking. The caller may reuse the array when the method returns. Datagrams are sent
   * in the order of the calls. If sending fails, the protocol's `errorReceived()` is called.
   *
   * @param _data The bytes, or a string that is sent as UTF-8; an empty datagram is sent too.
   * @param _addr The receiver's address; optional if the endpoint has a remote address.
   * @throws {TypeError} If `data` is neither bytes nor a string, or if there is no address.
   * @throws {RangeError} If the endpoint has a different remote address.
   */
  sendTo(
    _data: Uint8Array | string,
    _addr?: HostAddress | Deno.UnixAddr | null,
  ): void {
    throw notSupported("sendTo");
  }

  /** Closes the transport immediately and drops unsent data. The protocol's `connectionLost(null)` follows. */
  abort(): void {
    throw notSupported("abort");
  }

  /**
   * Returns the size of the unsent data.
   *
   * @returns The number of bytes, including 8 for the header of each datagram.
   */
  getWriteBufferSize(): number {
    return writeBufferOf(this, "getWriteBufferSize").size;
  }

  /**
   * Returns the water marks.
   *
   * @returns The low and the high mark, in bytes.
   */
  getWriteBufferLimits(): [low: number, high: number] {
    return writeBufferOf(this, "getWriteBufferLimits").limits;
  }

  /**
   * Sets the water marks. Above the high mark the protocol's `pauseWriting()` is called; at the low mark or below,
   * its `resumeWriting()`.
   *
   * @param high The high mark in bytes: 64 KiB by default, or four times the low one.
   * @param low The low mark in bytes: a quarter of the high one by default.
   */
  setWriteBufferLimits(high?: number | null, low?: number | null): void {
    writeBufferOf(this, "setWriteBufferLimits").setLimits(high, low);
  }
}
