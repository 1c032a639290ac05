// Copyright 2026 the asyncio for Deno authors. MIT license.

import { BaseTransport, notSupported } from "./base_transport.ts";

/**
 * A transport that sends.
 *
 * @example Usage
 * ```ts
 * import { WriteTransport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new WriteTransport().write("hello"), Deno.errors.NotSupported);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport}
 */
export class WriteTransport extends BaseTransport {
  /**
   * Sends some data, without waiting for it. What cannot be sent at once is copied: the array belongs
   * to the caller again when the method returns.
   *
   * @param _data The bytes, or a string that is sent as UTF-8.
   */
  write(_data: Uint8Array | string): void {
    throw notSupported("write");
  }

  /**
   * Sends several pieces of data as if they were one.
   *
   * @param _chunks The pieces.
   */
  writeLines(_chunks: Iterable<Uint8Array | string>): void {
    throw notSupported("writeLines");
  }

  /**
   * Whether {@linkcode WriteTransport.writeEof} is possible.
   *
   * @returns `true` if it is.
   */
  canWriteEof(): boolean {
    throw notSupported("canWriteEof");
  }

  /** Ends the sending direction once everything is sent; receiving goes on. */
  writeEof(): void {
    throw notSupported("writeEof");
  }

  /** Closes at once and drops what is not sent yet; `connectionLost(null)` follows. */
  abort(): void {
    throw notSupported("abort");
  }

  /**
   * How many bytes have not been sent yet.
   *
   * @returns The number of bytes.
   */
  getWriteBufferSize(): number {
    throw notSupported("getWriteBufferSize");
  }

  /**
   * The water marks.
   *
   * @returns The low and the high one, in bytes.
   */
  getWriteBufferLimits(): [low: number, high: number] {
    throw notSupported("getWriteBufferLimits");
  }

  /**
   * Sets the water marks: above the high one the protocol's `pauseWriting()` is called, and once no
   * more than the low one is left, its `resumeWriting()`.
   *
   * @param _high The high mark in bytes: 64 KiB by default, or four times the low one.
   * @param _low The low mark in bytes: a quarter of the high one by default.
   */
  setWriteBufferLimits(_high?: number | null, _low?: number | null): void {
    throw notSupported("setWriteBufferLimits");
  }
}
