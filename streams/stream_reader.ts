// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Facts, facts, inspectAsText } from "../loop/core/inspection.ts";
import { RuntimeError } from "../loop/core/errors.ts";
import type { EventLoop } from "../loop/event_loop.ts";
import {
  fulfilled,
  type Future,
  type Settlement,
  withResult,
} from "../loop/core/future.ts";
import { ownBytes } from "../loop/net/protocols.ts";
import type { ReadTransport } from "../loop/net/transports.ts";
import {
  failed,
  type PrimitiveBehavior,
  PrimitiveFuture,
} from "../loop/core/primitive_future.ts";
import { errors } from "../loop/core/runtime.ts";
import {
  currentScheduler,
  type Scheduler,
  schedulerOf,
} from "../loop/core/scheduler.ts";
import { currentTaskState } from "../loop/core/task_state.ts";
import { asError, isInstance } from "../loop/core/unknown_value.ts";
import {
  assertInstance,
  assertInteger,
  assertOptions,
  assertPositive,
  outOfRange,
  wrongType,
} from "../loop/core/validate.ts";
import {
  assertTransport,
  IncompleteReadError,
  LimitOverrunError,
} from "./errors.ts";
import {
  ByteQueue,
  Filling,
  type LineSeparator,
  type Loan,
  NEWLINE,
  Separators,
  TextLines,
} from "./_read_buffer.ts";
import { readableOf, WebSource } from "./_web_streams.ts";

export type { LineSeparator };

/** The default limit of a reader, in bytes. */
export const DEFAULT_LIMIT = 64 * 1024;

/** The default size of the memory of {@linkcode StreamReader.chunks}, in bytes. */
const CHUNK_SIZE = 64 * 1024;
const MAX_CHUNK_SIZE = 2 ** 30;

/** The sizes for which `readExactly()` reads straight into its result. A peer may claim any size and send nothing. */
const MIN_DIRECT = 64 * 1024;
const MAX_DIRECT = 64 * 1024 * 1024;

/** Takes what a read asks for, or returns `null` while there is not enough. */
type Take<T> = () => T | null;

// deno-lint-ignore no-explicit-any -- the operations of a reader have results of several types
type ReadOperation = PrimitiveFuture<any, StreamReader>;

/** Data is taken in the step of the reading task, so that a cancelled read takes none. */
// deno-lint-ignore no-explicit-any -- as above
let READ: PrimitiveBehavior<any, StreamReader>;

const TAKE_NOTHING: Take<unknown> = () => null;

/**
 * The options of a {@linkcode StreamReader}.
 *
 * @category Streams
 */
export interface StreamReaderOptions {
  /** The longest line, in bytes, and half of what the reader buffers; 64 KiB by default. */
  limit?: number | undefined;
  /** The loop the reader belongs to; the current one by default. */
  loop?: EventLoop | undefined;
}

/** Throws unless `limit` is a valid limit. */
export function assertLimit(limit: number): void {
  assertPositive("The limit of a reader", limit);
}

/** Takes all unread data out of the reader, to be decrypted. */
export let takeAll: (reader: StreamReader) => Uint8Array<ArrayBuffer>;

/** Returns the memory that the transport reads into next; `null` for memory of its own. */
export let lendMemoryOf: (reader: StreamReader) => Uint8Array | null;

/** Handles bytes that were read into that memory. */
export let fillMemoryOf: (reader: StreamReader, count: number) => void;

/** Limits receiving to the time of a pending read, and reports its beginning and end. */
export let readOnDemand: (
  reader: StreamReader,
  onPending: (isPending: boolean) => void,
) => void;

/** Replaces the transport that feeds the reader. */
export let changeTransport: (
  reader: StreamReader,
  transport: ReadTransport,
) => void;

/**
 * Reads from a stream of bytes. `openConnection()` and `startServer()` create readers. Iterating over a reader
 * gives its lines.
 *
 * Only one read may be pending at a time. Every method that reads is cancel safe: bytes leave the reader only
 * together with the result, so the next call returns what a cancelled call would have returned. While more than
 * twice the limit is unread, nothing is received.
 *
 * The bytes returned belong to the caller, but may be a view of a block that is shared with earlier and later reads, of
 * up to 128 KiB: `slice()` what you keep for long, and do not transfer its `buffer`.
 *
 * @example Usage
 * ```ts
 * import { StreamReader } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new StreamReader();
 * reader.feedData(new TextEncoder().encode("one\ntwo\nthree"));
 * reader.feedEof();
 * assertEquals(new TextDecoder().decode(await reader.readLine()), "one\n");
 * assertEquals(new TextDecoder().decode(await reader.readExactly(4)), "two\n");
 * assertEquals(new TextDecoder().decode(await reader.read()), "three");
 * assertEquals(reader.atEof(), true);
 * ```
 *
 * @example A peer may be silent for a minute, but not in the middle of a message
 * ```ts
 * import { type StreamReader, timeout } from "@asyncio/asyncio";
 *
 * async function readMessage(reader: StreamReader): Promise<Uint8Array> {
 *   const [length] = await timeout(60, () => reader.readExactly(1));
 *   return await timeout(5, () => reader.readExactly(length!));
 * }
 * ```
 *
 * @category Streams
 * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader}
 */
export class StreamReader implements AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #scheduler: Scheduler;
  readonly #limit: number;
  readonly #buffer = new ByteQueue();
  #isEof = false;
  #exception: Error | null = null;
  #transport: ReadTransport | null = null;
  #isPaused = false;
  /** The web stream that is read, instead of a transport that feeds the reader. */
  #source: WebSource | null = null;
  #waiting: ReadOperation | null = null;
  /** Takes what the pending read asks for. */
  #take = TAKE_NOTHING;
  /** The memory that the pending read fills, if the transport may read straight into it. */
  #filling: Filling | null = null;
  /** The memory that the transport is reading into. The read that lent it may have been cancelled. */
  #lent: Loan | null = null;
  /** Whether nothing is received while no read is pending. */
  #isOnDemand = false;
  /** Called when a read begins and ceases to be pending; `null` unless everything is read on demand. */
  #onPending: ((isPending: boolean) => void) | null = null;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | null = null;

  static {
    inspectAsText(this);
    READ = {
      name: "StreamReader.read()",
      objectOf: (reader) => reader,
      poll(reader, operation): Settlement | null {
        const data = reader.#attempt(reader.#take);
        if (data === null) return null;
        reader.#leave(operation);
        return withResult(data);
      },
      onCancelled: (reader, operation) => reader.#leave(operation),
      handBack: (reader, operation) => reader.#leave(operation),
    };
    takeAll = (reader) => reader.#takeAll();
    lendMemoryOf = (reader) => reader.#lendMemory();
    fillMemoryOf = (reader, count) => reader.#fillMemory(count);
    readOnDemand = (reader, onPending) => {
      reader.#isOnDemand = true;
      reader.#onPending = onPending;
    };
    changeTransport = (reader, transport) => reader.#transport = transport;
  }

  /** @ignore */
  [facts](): { kind: string } & Facts {
    return {
      kind: "StreamReader",
      buffered: this.#buffer.size,
      connection: this.#transport,
    };
  }

  /**
   * Constructs a new instance.
   *
   * @param options The limit and the loop.
   * @throws {TypeError} If an option has the wrong type.
   * @throws {RangeError} If the limit is not greater than 0.
   */
  constructor(options: StreamReaderOptions = {}) {
    assertOptions("StreamReader", options);
    const { limit = DEFAULT_LIMIT, loop } = options;
    assertLimit(limit);
    this.#limit = limit;
    this.#scheduler = loop === undefined
      ? currentScheduler()
      : schedulerOf(loop);
  }

  /**
   * Creates a reader from a web stream, such as the body of a response or the output of a `Deno.Command`.
   *
   * The stream is locked, and a chunk is pulled only while a read is pending. An error of the stream is an error of
   * the reader. To cancel the stream before its end, cancel {@linkcode StreamReader.readable} or call
   * {@linkcode StreamReader.feedEof}.
   *
   * @param stream The stream.
   * @param options The limit and the loop.
   * @returns The reader.
   * @throws {TypeError} If `stream` is not a `ReadableStream` or is locked, or an option has the wrong type.
   * @throws {RangeError} If the limit is not greater than 0.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   *
   * const reader = StreamReader.from(new Response("name: value\n\nbody").body!);
   * console.log(new TextDecoder().decode(await reader.readLine()));
   * ```
   */
  static from(
    stream: ReadableStream<Uint8Array>,
    options: StreamReaderOptions = {},
  ): StreamReader {
    assertInstance(
      "The stream of StreamReader.from()",
      "a ReadableStream",
      ReadableStream,
      stream,
    );
    const reader = new StreamReader(options);
    reader.#source = new WebSource(stream, reader.#scheduler, reader);
    return reader;
  }

  /**
   * Reads up to `n` bytes, and waits only while none are available. Without `n` it reads to the end of the stream.
   *
   * Cancel safe: what has arrived stays in the reader.
   *
   * @param n The greatest number of bytes; -1 to read to the end.
   * @returns The bytes; none at the end of the stream.
   * @throws {RangeError} If `n` is not an integer.
   * @throws {TypeError} If `n` is not a number.
   * @throws {RuntimeError} If another read is pending, or it has to wait and the reader belongs to another loop.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.read}
   */
  read(n = -1): Future<Uint8Array<ArrayBuffer>> {
    assertInteger("The n of read()", n);
    return this.#readWith("read", () => this.#takeUpTo(n));
  }

  /**
   * Reads a line, including its newline. The last line may lack the newline.
   *
   * Cancel safe: what has arrived stays in the reader.
   *
   * @returns The line; empty at the end of the stream.
   * @throws {RangeError} If the line is longer than the limit. The part that has arrived is dropped, and the rest reads as
   * a line of its own.
   * @throws {RuntimeError} If another read is pending, or it has to wait and the reader belongs to another loop.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.readline}
   */
  readLine(): Future<Uint8Array<ArrayBuffer>> {
    const attempt = this.#attemptUntil(NEWLINE);
    return this.#readWith("readLine", () => {
      try {
        return attempt();
      } catch (error) {
        if (isInstance(error, IncompleteReadError)) return error.partial;
        if (isInstance(error, LimitOverrunError)) throw this.#skipLine(error);
        throw error;
      }
    });
  }

  /**
   * Reads exactly `n` bytes.
   *
   * Cancel safe: what has arrived stays in the reader.
   *
   * @param n The number of bytes, which may exceed the limit.
   * @returns The bytes.
   * @throws {RangeError} If `n` is not an integer of 0 or more.
   * @throws {TypeError} If `n` is not a number.
   * @throws {IncompleteReadError} If the stream ends first; the error has what had arrived.
   * @throws {RuntimeError} If another read is pending, or it has to wait and the reader belongs to another loop.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.readexactly}
   */
  readExactly(n: number): Future<Uint8Array<ArrayBuffer>> {
    assertInteger("The n of readExactly()", n, 0);
    const filling = n >= MIN_DIRECT && n <= MAX_DIRECT
      ? Filling.whole(n)
      : null;
    return this.#readWith("readExactly", () => {
      if (filling?.isReady) return filling.complete(this.#buffer);
      if (this.#buffer.size >= n) return this.#buffer.take(n);
      if (!this.#isEof) return null;
      filling?.spill(this.#buffer);
      throw new IncompleteReadError(this.#buffer.take(this.#buffer.size), n);
    }, filling);
  }

  /**
   * Reads into the caller's memory, and waits only while no bytes are available. Where nothing is buffered, the bytes
   * come straight from the connection, without a copy. From one `readInto()` to the next, nothing else is
   * received, so a connection that is lost in the meantime is noticed later.
   *
   * Cancel safe: no byte is lost. But Deno cannot take back a read, so the memory of a cancelled call stays lent: the
   * next bytes that arrive are written into it, before the next read returns them. Use it for nothing else until then,
   * or until the connection is closed.
   *
   * @param memory The memory, which is lent until the future is done.
   * @returns The number of bytes, at least one; 0 at the end of the stream.
   * @throws {TypeError} If `memory` is not a `Uint8Array`.
   * @throws {RangeError} If `memory` has no bytes.
   * @throws {RuntimeError} If another read is pending, or it has to wait and the reader belongs to another loop.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   *
   * async function sizeOf(reader: StreamReader): Promise<number> {
   *   const memory = new Uint8Array(64 * 1024);
   *   let size = 0;
   *   for (let count; (count = await reader.readInto(memory)) > 0;) size += count;
   *   return size;
   * }
   * ```
   */
  readInto(memory: Uint8Array): Future<number> {
    assertMemory("readInto", memory);
    const filling = Filling.of(memory);
    return this.#readWith(
      "readInto",
      () => {
        const { count } = filling;
        if (count > 0) {
          filling.count = 0;
          return count;
        }
        if (this.#buffer.size > 0) return this.#buffer.takeInto(memory);
        return this.#isEof ? 0 : null;
      },
      filling,
      true,
    );
  }

  /**
   * Iterates over the bytes as they arrive, in the same memory again and again: each chunk is valid until the next
   * one. Like {@linkcode StreamReader.readInto}, it makes no copy and no garbage.
   *
   * Cancel safe: no byte is lost. After a `break` the rest can still be read.
   *
   * @param options The memory, or its size in bytes; 64 KiB by default. The memory is lent until the iteration ends, and
   * after a cancellation until the next read returns.
   * @returns The iterator, which ends with the stream.
   * @throws {TypeError} If `memory` is neither a number nor a `Uint8Array`.
   * @throws {RangeError} If `memory` has no bytes.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   *
   * const reader = StreamReader.from(new Response("hello").body!);
   * let sum = 0;
   * for await (const chunk of reader.chunks()) {
   *   for (const byte of chunk) sum += byte;
   * }
   * console.log(sum);
   * ```
   */
  chunks(options: ChunksOptions = {}): AsyncIterableIterator<Uint8Array> {
    assertOptions("chunks", options);
    const { memory: given = CHUNK_SIZE } = options;
    const memory = typeof given === "number" ? allocate(given) : given;
    assertMemory("chunks", memory, "a number of bytes or a Uint8Array");
    const iteration = (count: number): IteratorResult<Uint8Array> =>
      count === 0 ? END : { done: false, value: memory.subarray(0, count) };
    return iteratorOf(() => this.readInto(memory), iteration);
  }

  /**
   * Reads to the end of the stream and decodes it as UTF-8.
   *
   * Cancel safe: what has arrived stays in the reader.
   *
   * @returns The text, without a byte order mark; what is not UTF-8 becomes U+FFFD.
   * @throws {RuntimeError} If another read is pending, or it has to wait and the reader belongs to another loop.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = StreamReader.from(new Response("héllo").body!);
   * assertEquals(await reader.readText(), "héllo");
   * ```
   */
  readText(): Future<string> {
    return this.#readWith("readText", () => {
      const bytes = this.#takeUpTo(-1);
      return bytes === null ? null : textDecoder.decode(bytes);
    });
  }

  /**
   * Iterates over the lines as strings, decoded as UTF-8 and without `"\n"` or `"\r\n"`. It takes no more from the reader
   * than the line, so after a `break` the rest can still be read.
   *
   * Cancel safe: what has arrived stays in the reader. A line that is longer than the limit is a `RangeError`, as for
   * {@linkcode StreamReader.readLine}, after which the iteration may go on.
   *
   * @returns The iterator.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = StreamReader.from(new Response("one\r\ntwo\n").body!);
   * const lines = [];
   * for await (const line of reader.lines()) lines.push(line);
   * assertEquals(lines, ["one", "two"]);
   * ```
   */
  lines(): AsyncIterableIterator<string> {
    const lines = new TextLines(this.#buffer, this.#limit);
    const iteration = (
      line: Uint8Array<ArrayBuffer>,
    ): IteratorResult<string> =>
      line.length === 0 ? END : { done: false, value: lines.decode(line) };
    const oneByOne = iteratorOf(() => this.readLine(), iteration);
    return {
      ...oneByOne,
      next: () => {
        const value = this.#takeLine(lines);
        return value === null
          ? oneByOne.next()
          : Promise.resolve({ done: false, value });
      },
    };
  }

  /**
   * Reads up to and including a separator.
   *
   * Cancel safe: what has arrived stays in the reader.
   *
   * @param separator The separator, or several: the match that ends first wins, the shortest if several do.
   * @returns The bytes.
   * @throws {RangeError} If there is no separator, or an empty one.
   * @throws {TypeError} If a separator is neither a string nor bytes.
   * @throws {LimitOverrunError} If more than the limit comes before the separator. The bytes stay in the reader.
   * @throws {IncompleteReadError} If the stream ends first; the error has what had arrived.
   * @throws {RuntimeError} If another read is pending, or it has to wait and the reader belongs to another loop.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   *
   * const reader = StreamReader.from(new Response("a=1;b=2\r\n").body!);
   * const first = await reader.readUntil(";");
   * const second = await reader.readUntil([";", "\r\n"]);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.readuntil}
   */
  readUntil(separator: LineSeparator = "\n"): Future<Uint8Array<ArrayBuffer>> {
    const separators = separator === "\n" ? NEWLINE : new Separators(separator);
    return this.#readWith("readUntil", this.#attemptUntil(separators));
  }

  /**
   * Returns whether everything has been read and nothing more will come.
   *
   * @returns `true` if so.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.at_eof}
   */
  atEof(): boolean {
    return this.#isEof && this.#buffer.size === 0;
  }

  /**
   * Appends data to the stream.
   *
   * @param data The bytes. The array belongs to the reader from now on; one over a `SharedArrayBuffer` is copied.
   * @throws {TypeError} If `data` is not a `Uint8Array`.
   * @throws {RuntimeError} After {@linkcode StreamReader.feedEof}.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.feed_data}
   */
  feedData(data: Uint8Array): void {
    if (!isInstance(data, Uint8Array)) {
      throw wrongType("The data of feedData()", "a Uint8Array", data);
    }
    if (this.#isEof) throw new RuntimeError("Cannot feed data after feedEof()");
    if (data.length === 0) return;
    this.#filling?.spill(this.#buffer);
    this.#buffer.push(ownBytes(data));
    this.#waiting?.wake();
    if (this.#isOnDemand || this.#buffer.size > 2 * this.#limit) this.#pause();
  }

  /**
   * Ends the stream.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.feed_eof}
   */
  feedEof(): void {
    this.#isEof = true;
    this.#source?.cancel(undefined);
    this.#waiting?.wake();
  }

  /**
   * Returns the error that broke the stream.
   *
   * @returns The error, or `null`.
   */
  exception(): Error | null {
    return this.#exception;
  }

  /**
   * Breaks the stream: reading from it throws from now on.
   *
   * @param error The error; a value that is not an `Error` becomes the `cause` of one.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertRejects } from "@std/assert";
   *
   * const reader = new StreamReader();
   * reader.setException(new Deno.errors.ConnectionReset("Connection reset by peer"));
   * await assertRejects(() => reader.readLine(), Deno.errors.ConnectionReset);
   * ```
   */
  setException(error: unknown): void {
    this.#exception = asError(error);
    this.#source?.cancel(error);
    this.#waiting?.wake();
  }

  /**
   * Sets the transport that is paused while the reader is full.
   *
   * @param transport The transport.
   * @throws {RuntimeError} If the reader has a transport already.
   * @throws {TypeError} If `transport` is not a transport.
   */
  setTransport(transport: ReadTransport): void {
    assertTransport("The transport of setTransport()", transport);
    if (this.#transport !== null) {
      throw new RuntimeError(
        "Cannot set the transport of the reader as it already has one",
      );
    }
    this.#transport = transport;
    if (this.#isOnDemand) this.#pause();
  }

  /**
   * Iterates over the lines, including their newlines. After a `break` the rest can still be read.
   *
   * @returns The iterator.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   *
   * const reader = StreamReader.from(new Response("one\ntwo\n").body!);
   * for await (const line of reader) console.log(new TextDecoder().decode(line));
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array<ArrayBuffer>> {
    return iteratorOf(() => this.readLine(), iteration);
  }

  /**
   * The reader as a `ReadableStream`. The stream takes data from the reader only when it is read itself, so the two
   * can be used in turn. Its chunks do not share memory.
   *
   * Cancelling the stream cancels the web stream the reader was created from. A connection stays open, as closing it
   * is up to its writer, and the reader stays usable. Cancelling a task that waits for the stream errors the stream
   * with a `CancelledError`, but no bytes are lost, and the next `readable` is a new stream.
   *
   * @example Usage
   * ```ts
   * import type { StreamReader } from "@asyncio/asyncio";
   *
   * async function readJson(reader: StreamReader): Promise<unknown> {
   *   return await new Response(reader.readable).json();
   * }
   * ```
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= readableOf(this, {
      onCancelled: (reason) => this.#giveUp(reason),
      onBroken: () => this.#readable = null,
    });
  }

  /**
   * Returns a description for logs and error messages: `<StreamReader 3 bytes eof>`.
   *
   * @returns The description.
   */
  toString(): string {
    const parts = ["StreamReader"];
    if (this.#buffer.size > 0) parts.push(`${this.#buffer.size} bytes`);
    if (this.#isEof) parts.push("eof");
    if (this.#limit !== DEFAULT_LIMIT) parts.push(`limit=${this.#limit}`);
    if (this.#waiting !== null) parts.push("waiting");
    if (this.#exception !== null) parts.push(`exception=${this.#exception}`);
    if (this.#isPaused) parts.push("paused");
    return `<${parts.join(" ")}>`;
  }

  /** Ends a web stream that is not read any more. A connection is left to its writer. */
  #giveUp(reason: unknown): void {
    this.#readable = null;
    if (this.#source === null) return;
    this.#source.cancel(reason);
    this.feedEof();
  }

  #readWith<T>(
    method: string,
    take: Take<T>,
    filling: Filling | null = null,
    isOnDemand = this.#onPending !== null,
  ): Future<T> {
    if (this.#waiting !== null) {
      return failed(
        this.#scheduler,
        new RuntimeError(
          `Cannot call ${method}() while another task waits for data of the same reader`,
        ),
      );
    }
    this.#isOnDemand = isOnDemand;
    let data;
    try {
      data = this.#attempt(take);
    } catch (error) {
      return failed(this.#scheduler, error);
    }
    if (data !== null) return fulfilled(this.#scheduler, data);
    const caller = currentTaskState();
    if (caller !== null && caller.scheduler !== this.#scheduler) {
      // The task cannot await the read, which would go on and take the data.
      return failed(
        this.#scheduler,
        new RuntimeError(
          `Cannot call ${method}() in a task of another event loop than that of the reader`,
        ),
      );
    }
    this.#take = take;
    this.#filling = filling;
    this.#onPending?.(true);
    return this.#waiting = new PrimitiveFuture(this.#scheduler, READ, this);
  }

  #leave(operation: ReadOperation): void {
    if (this.#waiting !== operation) return;
    this.#waiting = null;
    this.#filling?.spill(this.#buffer);
    this.#filling = null;
    this.#onPending?.(false);
  }

  #attempt<T>(take: Take<T>): T | null {
    if (this.#exception !== null) throw this.#exception;
    const data = take();
    // A read that waits for more must get it, however full the buffer is.
    if (data === null) this.#resume();
    else if (!this.#isOnDemand) this.#resumeUnlessFull();
    if (data === null) this.#source?.pull();
    return data;
  }

  /** Takes a line that has arrived, as a read does that need not wait; `null` if it must be read. */
  #takeLine(lines: TextLines): string | null {
    if (this.#exception !== null || this.#waiting !== null) return null;
    const line = lines.take();
    if (line === null) return null;
    this.#isOnDemand = this.#onPending !== null;
    if (!this.#isOnDemand) this.#resumeUnlessFull();
    return line;
  }

  #lendMemory(): Uint8Array | null {
    this.#lent = this.#filling?.lend(this.#buffer.size) ?? null;
    return this.#lent?.memory ?? null;
  }

  #fillMemory(count: number): void {
    const lent = this.#lent!;
    const filling = this.#filling;
    this.#lent = null;
    if (filling === null || !filling.take(lent, this.#buffer.size, count)) {
      // The read that lent the memory was cancelled.
      this.feedData(lent.memory.slice(0, count));
      return;
    }
    if (filling.isReady) this.#waiting!.wake();
    if (this.#isOnDemand) this.#pause();
  }

  #takeUpTo(n: number): Uint8Array<ArrayBuffer> | null {
    const { size } = this.#buffer;
    if (n < 0) return this.#isEof ? this.#buffer.take(size) : null;
    if (size === 0 && n > 0 && !this.#isEof) return null;
    return this.#buffer.take(Math.min(n, size));
  }

  #attemptUntil(separators: Separators): Take<Uint8Array<ArrayBuffer>> {
    const { all, minLength, maxLength } = separators;
    // No separator begins before this position.
    let searched = 0;
    return () => {
      const { size } = this.#buffer;
      if (size - searched >= minLength) {
        const { start, end } = this.#findFirst(all, searched);
        if (start > this.#limit) {
          throw new LimitOverrunError(
            `Cannot read up to the separator as it comes after ${start} bytes: the limit is ${this.#limit}`,
            start,
          );
        }
        if (start !== -1) return this.#buffer.take(end);
        searched = Math.max(0, size + 1 - maxLength);
        if (searched > this.#limit) {
          throw new LimitOverrunError(
            `Cannot read up to a separator as there is none in ${searched} bytes: the limit is ${this.#limit}`,
            searched,
          );
        }
      }
      if (!this.#isEof) return null;
      throw new IncompleteReadError(this.#buffer.take(size), null);
    };
  }

  /** Returns the match that ends first. */
  #findFirst(
    separators: readonly Uint8Array[],
    from: number,
  ): { start: number; end: number } {
    let first = { start: -1, end: Infinity };
    for (const separator of separators) {
      const start = this.#buffer.find(separator, from);
      const end = start + separator.length;
      if (start !== -1 && end < first.end) first = { start, end };
    }
    return first;
  }

  /** Drops as much of a line that is too long as has arrived. */
  #skipLine({ message, consumed }: LimitOverrunError): RangeError {
    const newline = this.#buffer.find(NEWLINE.all[0]!, consumed);
    this.#buffer.take(
      newline === consumed ? consumed + 1 : this.#buffer.size,
    );
    this.#resumeUnlessFull();
    return new RangeError(message);
  }

  #takeAll(): Uint8Array<ArrayBuffer> {
    this.#filling?.spill(this.#buffer);
    const { size } = this.#buffer;
    if (size > 0 && this.#waiting !== null && !this.#scheduler.closed) {
      throw new RuntimeError(
        "Cannot take what has arrived from the reader while a task waits for the rest",
      );
    }
    this.#isPaused = false;
    return this.#buffer.take(size);
  }

  #pause(): void {
    if (this.#transport === null || this.#isPaused) return;
    try {
      this.#transport.pauseReading();
      this.#isPaused = true;
    } catch (error) {
      if (!(error instanceof errors.NotSupported)) throw error;
      // It cannot be paused, so everything has to be buffered.
      this.#transport = null;
    }
  }

  #resumeUnlessFull(): void {
    if (this.#buffer.size <= this.#limit) this.#resume();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#transport?.resumeReading();
  }
}

/**
 * The options of {@linkcode StreamReader.chunks}.
 *
 * @category Streams
 */
export interface ChunksOptions {
  /** The memory of the chunks, or its size in bytes; 64 KiB by default. */
  memory?: number | Uint8Array | undefined;
}

const textDecoder = new TextDecoder();

function allocate(size: number): Uint8Array {
  if (Number.isInteger(size) && size >= 1 && size <= MAX_CHUNK_SIZE) {
    return new Uint8Array(size);
  }
  const expected = `an integer from 1 to ${MAX_CHUNK_SIZE}`;
  throw outOfRange("The memory of chunks()", expected, size);
}

function assertMemory(
  method: string,
  memory: unknown,
  expected = "a Uint8Array",
): void {
  if (!isInstance(memory, Uint8Array)) {
    throw wrongType(`The memory of ${method}()`, expected, memory);
  }
  if (memory.length === 0) {
    throw new RangeError(
      `The memory of ${method}() must have at least one byte: received none`,
    );
  }
}

const END = { done: true, value: undefined } as const;

function iteration(
  line: Uint8Array<ArrayBuffer>,
): IteratorResult<Uint8Array<ArrayBuffer>> {
  return line.length === 0 ? END : { done: false, value: line };
}

/** Returns an iterator over the results of a read. One that is available is not awaited, as that takes longer. */
function iteratorOf<R, T>(
  read: () => Future<R>,
  iteration: (result: R) => IteratorResult<T>,
): AsyncIterableIterator<T> {
  return {
    next() {
      const reading = read();
      return reading.done() && reading.exception() === null
        ? Promise.resolve(iteration(reading.result()))
        : iterationLater(reading, iteration);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function iterationLater<R, T>(
  reading: Future<R>,
  iteration: (result: R) => IteratorResult<T>,
): Promise<IteratorResult<T>> {
  return iteration(await reading);
}
