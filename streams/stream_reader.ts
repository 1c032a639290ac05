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
import { ownBytes } from "../loop/net/stream/own_bytes.ts";
import type { ReadTransport } from "../loop/net/read_transport.ts";
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
import { asError, isInstance } from "../loop/core/unknown_value.ts";
import {
  assertInstance,
  assertOptions,
  assertPositive,
  formatValue,
  wrongType,
} from "../loop/core/validate.ts";
import { assertTransport } from "./_assert_transport.ts";
import { ByteQueue } from "./_byte_queue.ts";
import { type LineSeparator, NEWLINE, Separators } from "./_separators.ts";
import { readableOf, WebSource } from "./_web_streams.ts";
import { IncompleteReadError, LimitOverrunError } from "./errors.ts";

export type { LineSeparator };

/** The default limit of a reader, in bytes. */
export const DEFAULT_LIMIT = 64 * 1024;

/** Takes data from the buffer, or returns `null` while there is not enough. */
type Take = () => Uint8Array<ArrayBuffer> | null;

type ReadOperation = PrimitiveFuture<Uint8Array<ArrayBuffer>, StreamReader>;

/** Data is taken in the step of the reading task, so that a cancelled read takes none. */
let READ: PrimitiveBehavior<Uint8Array<ArrayBuffer>, StreamReader>;

const TAKE_NOTHING: Take = () => null;

/** The options of a {@linkcode StreamReader}. */
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
 * The bytes returned belong to the caller, but may be a view of a block of up to 64 KiB that is shared with
 * earlier and later reads: `slice()` what you keep for long, and do not transfer its `buffer`.
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
   * @throws {TypeError} If `n` is not an integer.
   * @throws {RuntimeError} If another read is pending.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.read}
   */
  read(n = -1): Future<Uint8Array<ArrayBuffer>> {
    if (!Number.isInteger(n)) {
      throw wrongType("The n of read()", "an integer", n);
    }
    return this.#readWith("read", () => this.#takeUpTo(n));
  }

  /**
   * Reads a line, including its newline. The last line may lack the newline.
   *
   * Cancel safe: what has arrived stays in the reader.
   *
   * @returns The line; empty at the end of the stream.
   * @throws {RangeError} If the line is longer than the limit; the line is dropped.
   * @throws {RuntimeError} If another read is pending.
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
   * @throws {IncompleteReadError} If the stream ends first; the error has what had arrived.
   * @throws {RuntimeError} If another read is pending.
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.readexactly}
   */
  readExactly(n: number): Future<Uint8Array<ArrayBuffer>> {
    if (!Number.isInteger(n) || n < 0) {
      throw new RangeError(
        `The n of readExactly() must be an integer of 0 or more: received ${
          formatValue(n)
        }`,
      );
    }
    return this.#readWith("readExactly", () => {
      if (this.#buffer.size >= n) return this.#buffer.take(n);
      if (!this.#isEof) return null;
      throw new IncompleteReadError(this.#buffer.take(this.#buffer.size), n);
    });
  }

  /**
   * Reads up to and including a separator.
   *
   * Cancel safe: what has arrived stays in the reader.
   *
   * @param separator The separator, or several: the match that ends first wins, the shortest if several do.
   * @returns The bytes.
   * @throws {RangeError} If there is no separator, or an empty one.
   * @throws {LimitOverrunError} If more than the limit comes before the separator. The bytes stay in the reader.
   * @throws {IncompleteReadError} If the stream ends first; the error has what had arrived.
   * @throws {RuntimeError} If another read is pending.
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
    this.#buffer.push(ownBytes(data));
    this.#waiting?.wake();
    if (this.#buffer.size > 2 * this.#limit && !this.#isPaused) this.#pause();
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
   */
  setTransport(transport: ReadTransport): void {
    assertTransport("The transport of setTransport()", transport);
    if (this.#transport !== null) {
      throw new RuntimeError(
        "Cannot set the transport of the reader as it already has one",
      );
    }
    this.#transport = transport;
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
    return {
      // An available line is not awaited: awaiting takes longer than finding it.
      next: () => {
        const line = this.readLine();
        return line.done() && line.exception() === null
          ? Promise.resolve(iteration(line.result()))
          : iterationLater(line);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
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

  #failed(error: unknown): Future<Uint8Array<ArrayBuffer>> {
    return failed(this.#scheduler, error);
  }

  #readWith(method: string, take: Take): Future<Uint8Array<ArrayBuffer>> {
    if (this.#waiting !== null) {
      return this.#failed(
        new RuntimeError(
          `Cannot call ${method}() while another task waits for data of the same reader`,
        ),
      );
    }
    let data;
    try {
      data = this.#attempt(take);
    } catch (error) {
      return this.#failed(error);
    }
    if (data !== null) return fulfilled(this.#scheduler, data);
    this.#take = take;
    return this.#waiting = new PrimitiveFuture(this.#scheduler, READ, this);
  }

  #leave(operation: ReadOperation): void {
    if (this.#waiting === operation) this.#waiting = null;
  }

  #attempt(take: Take): Uint8Array<ArrayBuffer> | null {
    if (this.#exception !== null) throw this.#exception;
    const data = take();
    // A read that waits for more must get it, however full the buffer is.
    if (data === null || this.#buffer.size <= this.#limit) this.#resume();
    if (data === null) this.#source?.pull();
    return data;
  }

  #takeUpTo(n: number): Uint8Array<ArrayBuffer> | null {
    const { size } = this.#buffer;
    if (n < 0) return this.#isEof ? this.#buffer.take(size) : null;
    if (size === 0 && n > 0 && !this.#isEof) return null;
    return this.#buffer.take(Math.min(n, size));
  }

  #attemptUntil(separators: Separators): Take {
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
    if (this.#buffer.size <= this.#limit) this.#resume();
    return new RangeError(message);
  }

  #takeAll(): Uint8Array<ArrayBuffer> {
    const { size } = this.#buffer;
    if (size > 0 && this.#waiting !== null) {
      throw new RuntimeError(
        "Cannot take what has arrived from the reader while a task waits for the rest",
      );
    }
    this.#isPaused = false;
    return this.#buffer.take(size);
  }

  #pause(): void {
    if (this.#transport === null) return;
    try {
      this.#transport.pauseReading();
      this.#isPaused = true;
    } catch (error) {
      if (!(error instanceof errors.NotSupported)) throw error;
      // It cannot be paused, so everything has to be buffered.
      this.#transport = null;
    }
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#transport?.resumeReading();
  }
}

function iteration(
  line: Uint8Array<ArrayBuffer>,
): IteratorResult<Uint8Array<ArrayBuffer>> {
  return line.length === 0
    ? { done: true, value: undefined }
    : { done: false, value: line };
}

async function iterationLater(
  line: Future<Uint8Array<ArrayBuffer>>,
): Promise<IteratorResult<Uint8Array<ArrayBuffer>>> {
  return iteration(await line);
}
