// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors } from "../core/runtime.ts";
import { assertNumber, formatValue, wrongType } from "../core/validate.ts";
import type { BaseProtocol } from "./protocols.ts";
import type { DatagramSocket } from "./datagram_socket.ts";
import type { ExtraInfo } from "./extra_info.ts";
import type { Future } from "../core/future.ts";
import type { HostAddress } from "./options.ts";

/** Returns the error for a method that a transport does not support. */
export function notSupported(method: string): Error {
  return new errors.NotSupported(
    `${method}() is not supported by this transport`,
  );
}

/**
 * The base class of all transports. The loop creates transports and passes them to protocols.
 *
 * The methods of this class throw; subclasses override those that they support. Only
 * {@linkcode BaseTransport.getExtraInfo} works, with the information that was passed to the constructor.
 *
 * @typeParam S The type of the underlying socket.
 *
 * @example Usage
 * ```ts
 * import { BaseTransport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new BaseTransport().close(), Deno.errors.NotSupported);
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport}
 */
export class BaseTransport<S = Deno.Conn | DatagramSocket> {
  readonly #extra: ExtraInfo<S>;

  /**
   * Constructs a new instance.
   *
   * @param extra The information that {@linkcode BaseTransport.getExtraInfo} returns.
   */
  constructor(extra: ExtraInfo<S> = {}) {
    if (typeof extra !== "object" || extra === null) {
      throw wrongType("The extra of a transport", "an object", extra);
    }
    this.#extra = extra;
  }

  /**
   * Closes the transport: stops receiving, sends buffered data, then calls the protocol's `connectionLost(null)`. A
   * second call is a no-op.
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
   *   transport.close();
   *   assertEquals(await new Response(readable).text(), "hello");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.close}
   */
  close(): void {
    throw notSupported("close");
  }

  /**
   * Returns whether the transport is closed or closing.
   *
   * @returns `true` if it is closed or closing.
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
   *   assertEquals(transport.isClosing(), false);
   *   transport.close();
   *   assertEquals(transport.isClosing(), true);
   *   await readable.cancel();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.is_closing}
   */
  isClosing(): boolean {
    throw notSupported("isClosing");
  }

  /**
   * Returns information about the underlying resource, even after the transport has ended. `ExtraInfo` has the
   * names.
   *
   * @typeParam K The name of the information.
   * @param name The name of the information.
   * @returns The information; `null` if there is none.
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
   *   assertEquals(transport.getExtraInfo("pipe"), writable);
   *   assertEquals(transport.getExtraInfo("peername", "unknown"), "unknown");
   *   transport.abort();
   *   await readable.cancel();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.get_extra_info}
   */
  getExtraInfo<K extends keyof ExtraInfo>(
    name: K,
  ): NonNullable<ExtraInfo<S>[K]> | null;
  /**
   * Returns information about the underlying resource, or a default value.
   *
   * @typeParam K The name of the information.
   * @typeParam D The type of the default.
   * @param name The name of the information.
   * @param defaultValue The value to return if there is none.
   * @returns The information.
   */
  getExtraInfo<
    K extends keyof ExtraInfo,
    D extends NonNullable<unknown> | null,
  >(name: K, defaultValue: D): NonNullable<ExtraInfo<S>[K]> | D;
  /**
   * Returns information about the underlying resource, for a name that is not checked.
   *
   * @param name The name of the information.
   * @param defaultValue The value to return if there is none.
   * @returns The information.
   */
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    if (typeof name !== "string") return defaultValue;
    if (!Object.hasOwn(this.#extra, name)) return defaultValue;
    return Reflect.get(this.#extra, name) ?? defaultValue;
  }

  /**
   * Sets the protocol.
   *
   * @param _protocol The protocol.
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
   *   const other = new Protocol();
   *   transport.setProtocol(other);
   *   assertEquals(transport.getProtocol(), other);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.set_protocol}
   */
  setProtocol(_protocol: BaseProtocol): void {
    throw notSupported("setProtocol");
  }

  /**
   * Returns the current protocol.
   *
   * @returns The protocol.
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
   *   assertEquals(transport.getProtocol() instanceof Protocol, true);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.get_protocol}
   */
  getProtocol(): BaseProtocol {
    throw notSupported("getProtocol");
  }
}

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

/** A queue of unsent data. */
interface Queue {
  /** The number of bytes. */
  readonly size: number;
}

/** Calls a method of a protocol. */
type CallProtocol = (method: "pauseWriting" | "resumeWriting") => void;

/** The unsent data of a transport, which pauses and resumes the protocol at the water marks. */
export class WriteBuffer {
  readonly #queue: Queue;
  readonly #callProtocol: CallProtocol;
  #marks = DEFAULT_MARKS;
  #isPaused = false;

  constructor(queue: Queue, callProtocol: CallProtocol) {
    this.#queue = queue;
    this.#callProtocol = callProtocol;
  }

  /** The number of unsent bytes. */
  get size(): number {
    return this.#queue.size;
  }

  /** Whether the protocol has been told to pause. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Returns the water marks. */
  get limits(): [low: number, high: number] {
    return [this.#marks.low, this.#marks.high];
  }

  setLimits(high?: number | null, low?: number | null): void {
    this.#marks = waterMarks(high, low);
    this.pauseIfFull();
  }

  pauseIfFull(): void {
    if (this.#queue.size <= this.#marks.high || this.#isPaused) return;
    this.#isPaused = true;
    this.#callProtocol("pauseWriting");
  }

  resumeIfDrained(): void {
    if (!this.#isPaused || this.#queue.size > this.#marks.low) return;
    this.#isPaused = false;
    this.#callProtocol("resumeWriting");
  }

  /** Ends a pause without a call to the protocol. */
  cancelPause(): void {
    this.#isPaused = false;
  }
}

// A map, since a member would be visible in the public classes.
const buffers = new WeakMap<BaseTransport<unknown>, WriteBuffer>();

/** Sets the buffer that the public methods of a transport work on. */
export function setWriteBuffer(
  transport: BaseTransport<unknown>,
  buffer: WriteBuffer,
): void {
  buffers.set(transport, buffer);
}

/** Returns the buffer of a transport, for one of its methods; throws if the transport has none. */
function writeBufferOf(
  transport: BaseTransport<unknown>,
  method: string,
): WriteBuffer {
  const buffer = buffers.get(transport);
  if (buffer === undefined) throw notSupported(method);
  return buffer;
}

interface WaterMarks {
  readonly low: number;
  readonly high: number;
}

const DEFAULT_HIGH = 64 * 1024;

const DEFAULT_MARKS = waterMarks();

function waterMarks(high?: number | null, low?: number | null): WaterMarks {
  if (high != null) assertNumber("The high-water mark", high);
  if (low != null) assertNumber("The low-water mark", low);
  high ??= low == null ? DEFAULT_HIGH : 4 * low;
  low ??= Math.floor(high / 4);
  if (high >= low && low >= 0) return { low, high };
  throw new RangeError(
    `The water marks must satisfy high >= low >= 0: received ${
      formatValue(high)
    } and ${formatValue(low)}`,
  );
}

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
