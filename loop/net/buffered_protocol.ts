// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors } from "../core/runtime.ts";
import { BaseProtocol } from "./base_protocol.ts";

/**
 * A protocol for a stream of bytes that provides the buffer to read into.
 *
 * @example Usage
 * ```ts
 * import { BufferedProtocol } from "@asyncio/asyncio/loop";
 * import { assertEquals } from "@std/assert";
 *
 * class Counter extends BufferedProtocol {
 *   bytes = 0;
 *   readonly #buffer = new Uint8Array(1024);
 *
 *   override getBuffer(): Uint8Array {
 *     return this.#buffer;
 *   }
 *
 *   override bufferUpdated(count: number): void {
 *     this.bytes += count;
 *   }
 * }
 * assertEquals(new Counter().getBuffer().length, 1024);
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BufferedProtocol}
 */
export class BufferedProtocol extends BaseProtocol {
  /**
   * Returns the buffer for the next read. The buffer belongs to the transport until
   * {@linkcode BufferedProtocol.bufferUpdated} is called or the connection ends.
   *
   * @param _sizeHint The recommended size; -1 for any.
   * @returns The buffer, of at least one byte.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { BufferedProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Counter extends BufferedProtocol {
   *   bytes = 0;
   *   readonly end = new Future<void>();
   *   readonly #buffer = new Uint8Array(1024);
   *
   *   override getBuffer(): Uint8Array {
   *     return this.#buffer;
   *   }
   *
   *   override bufferUpdated(count: number): void {
   *     this.bytes += count;
   *   }
   *
   *   override eofReceived(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [, counter] = await getRunningLoop()
   *     .connectReadPipe(() => new Counter(), new Blob(["hello"]).stream());
   *   await counter.end;
   *   assertEquals(counter.bytes, 5);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BufferedProtocol.get_buffer}
   */
  getBuffer(_sizeHint: number): Uint8Array {
    throw new errors.NotSupported(
      "A BufferedProtocol must implement getBuffer()",
    );
  }

  /**
   * Called when data has been read into the buffer.
   *
   * @param _count The number of bytes.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { BufferedProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Counter extends BufferedProtocol {
   *   bytes = 0;
   *   readonly end = new Future<void>();
   *   readonly #buffer = new Uint8Array(1024);
   *
   *   override getBuffer(): Uint8Array {
   *     return this.#buffer;
   *   }
   *
   *   override bufferUpdated(count: number): void {
   *     this.bytes += count;
   *   }
   *
   *   override eofReceived(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [, counter] = await getRunningLoop()
   *     .connectReadPipe(() => new Counter(), new Blob(["hello"]).stream());
   *   await counter.end;
   *   assertEquals(counter.bytes, 5);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BufferedProtocol.buffer_updated}
   */
  bufferUpdated(_count: number): void {}

  /**
   * Called when the peer has ended its sending direction.
   *
   * @returns `true` to keep the transport open for sending; otherwise it closes itself.
   *
   * @example Usage
   * ```ts
   * import { Future, getRunningLoop, run } from "@asyncio/asyncio";
   * import { BufferedProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Counter extends BufferedProtocol {
   *   bytes = 0;
   *   readonly end = new Future<void>();
   *   readonly #buffer = new Uint8Array(1024);
   *
   *   override getBuffer(): Uint8Array {
   *     return this.#buffer;
   *   }
   *
   *   override bufferUpdated(count: number): void {
   *     this.bytes += count;
   *   }
   *
   *   override eofReceived(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   const [, counter] = await getRunningLoop()
   *     .connectReadPipe(() => new Counter(), new Blob(["hello"]).stream());
   *   await counter.end;
   *   assertEquals(counter.bytes, 5);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol.eof_received}
   */
  eofReceived(): boolean | void {}
}
