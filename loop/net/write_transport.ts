// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../core/future.ts";
import { BaseTransport, notSupported } from "./base_transport.ts";
import type { DatagramSocket } from "./datagram_socket.ts";
import { writeBufferOf } from "./write_buffer.ts";

/**
 * A transport that can send.
 *
 * @typeParam S The type of the underlying socket.
 *
 * @example Usage
 * ```ts
 * import { WriteTransport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new WriteTransport().write("hello"), Deno.errors.NotSupported);
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport}
 */
export class WriteTransport<S = Deno.Conn | DatagramSocket>
  extends BaseTransport<S> {
  /**
   * Sends data without blocking. The data is copied: the caller may reuse the array when the method returns.
   *
   * Data written during one step, that is by one callback or by a task between two awaits, is joined and sent at
   * the end of the step.
   *
   * @param _data The bytes, or a string that is sent as UTF-8.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   transport.write("hello, ");
   *   transport.write(new Uint8Array([119, 111, 114, 108, 100]));
   *   transport.close();
   *   assertEquals(await new Response(readable).text(), "hello, world");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport.write}
   */
  write(_data: Uint8Array | string): void {
    throw notSupported("write");
  }

  /**
   * Sends data without copying it, behind what was written before. The future is done when the operating system has
   * all of the bytes, so it also waits for back-pressure.
   *
   * The memory is lent: it must not change until then. In debug mode, a change is reported to the exception handler.
   * Use it for large data that stays as it is; for small data, {@linkcode WriteTransport.write} is faster. A
   * pipe over a `WritableStream` copies all the same, because its reader may keep what it gets.
   *
   * If the call is cancelled before its turn, nothing is sent. Otherwise the part that has been handed to the operating
   * system is sent, which may end anywhere, and the rest is not: in most protocols, all that remains is to abort the
   * connection. The memory stays lent until that part is sent: until a later `send()` is done, of an empty array for
   * instance, or the connection is closed.
   *
   * @param _data The bytes.
   * @returns A future that is done when the bytes are sent; it fails if the connection is closed or lost before that.
   * @throws {TypeError} If `data` is not a `Uint8Array`.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   const text = new Response(readable).text();
   *   const memory = new Uint8Array([49, 50, 10]);
   *   await transport.send(memory);
   *   memory[0] = 51; // no longer lent
   *   await transport.send(memory);
   *   transport.close();
   *   assertEquals(await text, "12\n32\n");
   * });
   * ```
   */
  send(_data: Uint8Array): Future<void> {
    throw notSupported("send");
  }

  /**
   * Sends several chunks of data as if they were one.
   *
   * @param _chunks The chunks.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   transport.writeLines(["one\n", "two\n"]);
   *   transport.close();
   *   assertEquals(await new Response(readable).text(), "one\ntwo\n");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport.writelines}
   */
  writeLines(_chunks: Iterable<Uint8Array | string>): void {
    throw notSupported("writeLines");
  }

  /**
   * Returns whether {@linkcode WriteTransport.writeEof} is supported.
   *
   * @returns `true` if it is supported.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   assertEquals(transport.canWriteEof(), true);
   *   transport.abort();
   *   await readable.cancel();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport.can_write_eof}
   */
  canWriteEof(): boolean {
    throw notSupported("canWriteEof");
  }

  /**
   * Half-closes the transport once everything has been sent; receiving goes on.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   transport.write("all there is");
   *   transport.writeEof();
   *   assertEquals(await new Response(readable).text(), "all there is");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport.write_eof}
   */
  writeEof(): void {
    throw notSupported("writeEof");
  }

  /**
   * Closes the transport immediately and drops unsent data. The protocol's `connectionLost(null)` follows.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   transport.write("never read");
   *   transport.abort();
   *   assertEquals(transport.getWriteBufferSize(), 0);
   *   await readable.cancel();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport.abort}
   */
  abort(): void {
    throw notSupported("abort");
  }

  /**
   * Returns the size of the unsent data.
   *
   * @returns The number of bytes.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   transport.write("hello");
   *   assertEquals(transport.getWriteBufferSize(), 5);
   *   transport.close();
   *   assertEquals(await new Response(readable).text(), "hello");
   * });
   * ```
   *
   * @see
   * {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport.get_write_buffer_size}
   */
  getWriteBufferSize(): number {
    return writeBufferOf(this, "getWriteBufferSize").size;
  }

  /**
   * Returns the water marks.
   *
   * @returns The low and the high mark, in bytes.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   assertEquals(transport.getWriteBufferLimits(), [16 * 1024, 64 * 1024]);
   *   transport.abort();
   *   await readable.cancel();
   * });
   * ```
   *
   * @see
   * {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport.get_write_buffer_limits}
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
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   transport.setWriteBufferLimits(4096);
   *   assertEquals(transport.getWriteBufferLimits(), [1024, 4096]);
   *   transport.abort();
   *   await readable.cancel();
   * });
   * ```
   *
   * @see
   * {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport.set_write_buffer_limits}
   */
  setWriteBufferLimits(high?: number | null, low?: number | null): void {
    writeBufferOf(this, "setWriteBufferLimits").setLimits(high, low);
  }
}
