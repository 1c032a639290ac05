// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors } from "../core/runtime.ts";
import { BaseProtocol } from "./base_protocol.ts";

/**
 * A protocol over a stream of bytes that provides the memory that is read into.
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
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BufferedProtocol}
 */
export class BufferedProtocol extends BaseProtocol {
  /**
   * The memory that the next bytes are read into. It belongs to the transport until
   * {@linkcode BufferedProtocol.bufferUpdated} or the end of the connection.
   *
   * @param _sizeHint The recommended size; -1 for any.
   * @returns The memory, of one byte or more.
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
      "A BufferedProtocol must have a getBuffer() of its own",
    );
  }

  /**
   * Some data arrived in the memory that was provided.
   *
   * @param _count How many bytes.
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
   * The peer sent its last byte.
   *
   * @returns Whether the transport is to stay open, for sending; otherwise it closes itself.
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
