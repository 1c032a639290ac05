// Copyright 2026 the asyncio for Deno authors. MIT license.

import { inspectAsText } from "../loop/core/inspection.ts";
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

/** The limit of a reader unless it is set otherwise, in bytes. */
export const DEFAULT_LIMIT = 64 * 1024;

/** Takes data from the buffer, or returns `null` as long as there is not enough. */
type Take = () => Uint8Array<ArrayBuffer> | null;

type ReadOperation = PrimitiveFuture<Uint8Array<ArrayBuffer>, StreamReader>;

/** The data is taken in the reading task's step, so that one that is cancelled takes none. */
let READ: PrimitiveBehavior<Uint8Array<ArrayBuffer>, StreamReader>;

const TAKE_NOTHING: Take = () => null;

/** The options of a {@linkcode StreamReader}. */
export interface StreamReaderOptions {
  /** The longest line, in bytes, and half of what the reader buffers; 64 KiB by default. */
  limit?: number | undefined;
  /** The loop that the reader belongs to, if not the current one. */
  loop?: EventLoop | undefined;
}

/** Throws unless `limit` is one. */
export function assertLimit(limit: number): void {
  assertPositive("The limit of a reader", limit);
}

/** Takes what nobody has read, since it is not for the reader: it is to be decrypted. */
export let takeAll: (reader: StreamReader) => Uint8Array<ArrayBuffer>;

/** Says that another transport feeds the reader from now on. */
export let changeTransport: (
  reader: StreamReader,
  transport: ReadTransport,
) => void;

/**
 * Reads from a stream of bytes. `openConnection()` and `startServer()` give readers.
 *
 * One task at a time may wait for data. Every method that reads is cancel safe: bytes leave the
 * reader only together with the result, so that what a cancelled call would have returned is there
 * for the next one. While more than twice the limit waits to be read, nothing is received.
 *
 * What is read is the caller's own, but may be a view of a larger block, of up to 64 KiB, that it keeps
 * in memory and shares with what is read before and after it: `slice()` what is to be kept for long, and
 * never transfer its `buffer`.
 *
 * Iterating over a reader gives its lines.
 *
 * @example Usage
 * ```ts
 * import { StreamReader } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new StreamReader();
 * reader.feedData(new TextEncoder().encode("one\ntwo"));
 * reader.feedEof();
 * const lines = await Array.fromAsync(reader, (line) => new TextDecoder().decode(line));
 * assertEquals(lines, ["one\n", "two"]);
 * ```
 *
 * @example A peer may be silent for a minute, but not in the middle of a message
 * ```ts
 * import { StreamReader, timeout } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * async function readMessage(reader: StreamReader): Promise<Uint8Array> {
 *   const [length] = await timeout(60, () => reader.readExactly(1));
 *   return await timeout(5, () => reader.readExactly(length!));
 * }
 *
 * const reader = new StreamReader();
 * reader.feedData(new Uint8Array([2, 10, 20, 30]));
 * assertEquals(await readMessage(reader), new Uint8Array([10, 20]));
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
  /** The web stream that is read, in place of a transport that feeds. */
  #source: WebSource | null = null;
  #waiting: ReadOperation | null = null;
  /** What the one who waits waits for. */
  #take = TAKE_NOTHING;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | null = null;

  static {
    inspectAsText(this);
    READ = {
      name: "StreamReader.read()",
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

  /**
   * Constructs a new instance.
   *
   * @param options The limit, and the loop.
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
   * Makes a reader of a web stream, such as the body of a response or the output of a `Deno.Command`.
   *
   * The stream is locked. A chunk is asked for only while somebody waits for data; one that comes when
   * nobody waits any more is kept for who reads next. What breaks the stream breaks the reader. To have
   * done with the stream before its end, cancel {@linkcode StreamReader.readable}, or call
   * {@linkcode StreamReader.feedEof}: both cancel the stream.
   *
   * @param stream The stream.
   * @param options The limit, and the loop.
   * @returns The reader.
   * @throws {TypeError} If `stream` is no `ReadableStream`, or locked.
   * @throws {TypeError} If an option has the wrong type.
   * @throws {RangeError} If the limit is not greater than 0.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = StreamReader.from(new Response("name: value\n\nbody").body!);
   * assertEquals(new TextDecoder().decode(await reader.readLine()), "name: value\n");
   * assertEquals(new TextDecoder().decode(await reader.readLine()), "\n");
   * assertEquals(new TextDecoder().decode(await reader.read()), "body");
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
   * Reads up to `n` bytes: what is there, or as soon as something comes. Without `n` it reads to the
   * end of the stream.
   *
   * Cancel safe: what has arrived stays in the reader.
   *
   * @param n The greatest number of bytes; -1 for all there will be.
   * @returns The bytes, which are the caller's own; none at the end of the stream.
   * @throws {TypeError} If `n` is not an integer.
   * @throws {RuntimeError} If another task waits for data of this reader.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = new StreamReader();
   * reader.feedData(new TextEncoder().encode("hello"));
   * reader.feedEof();
   * assertEquals(new TextDecoder().decode(await reader.read(2)), "he");
   * assertEquals(new TextDecoder().decode(await reader.read(100)), "llo");
   * assertEquals((await reader.read(100)).length, 0);
   * ```
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
   * Reads a line, with the newline at its end. The last line may lack that.
   *
   * Cancel safe: what has arrived stays in the reader.
   *
   * @returns The line; empty at the end of the stream.
   * @throws {RangeError} If the line is longer than the limit; it is dropped.
   * @throws {RuntimeError} If another task waits for data of this reader.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = new StreamReader();
   * reader.feedData(new TextEncoder().encode("one\ntwo"));
   * reader.feedEof();
   * assertEquals(new TextDecoder().decode(await reader.readLine()), "one\n");
   * assertEquals(new TextDecoder().decode(await reader.readLine()), "two");
   * assertEquals((await reader.readLine()).length, 0);
   * ```
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
   * @returns The bytes, which are the caller's own.
   * @throws {RangeError} If `n` is not an integer of 0 or more.
   * @throws {IncompleteReadError} If the stream ends before; what had arrived is in the error.
   * @throws {RuntimeError} If another task waits for data of this reader.
   *
   * @example A length, then as many bytes
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = new StreamReader();
   * reader.feedData(new Uint8Array([0, 2, 10, 20, 30]));
   * const header = await reader.readExactly(2);
   * const length = new DataView(header.buffer, header.byteOffset).getUint16(0);
   * assertEquals(await reader.readExactly(length), new Uint8Array([10, 20]));
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.readexactly}
   */
  readExactly(n: number): Future<Uint8Array<ArrayBuffer>> {
    if (!Number.isInteger(n) || n < 0) {
      throw new RangeError(
        `readExactly() takes an integer of 0 or more: received ${
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
   * Reads up to and with a separator.
   *
   * Cancel safe: what has arrived stays in the reader.
   *
   * @param separator The separator, or several: the match that ends first wins, and of those that end at
   * the same place the shortest.
   * @returns The bytes, which are the caller's own.
   * @throws {RangeError} If there is no separator, or an empty one.
   * @throws {LimitOverrunError} If more than the limit comes before the separator. The bytes stay in the reader.
   * @throws {IncompleteReadError} If the stream ends before; what had arrived is in the error.
   * @throws {RuntimeError} If another task waits for data of this reader.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = new StreamReader();
   * reader.feedData(new TextEncoder().encode("a=1;b=2\r\n"));
   * assertEquals(new TextDecoder().decode(await reader.readUntil(";")), "a=1;");
   * assertEquals(new TextDecoder().decode(await reader.readUntil([";", "\r\n"])), "b=2\r\n");
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.readuntil}
   */
  readUntil(separator: LineSeparator = "\n"): Future<Uint8Array<ArrayBuffer>> {
    const separators = separator === "\n" ? NEWLINE : new Separators(separator);
    return this.#readWith("readUntil", this.#attemptUntil(separators));
  }

  /**
   * Whether everything has been read and nothing more will come.
   *
   * @returns `true` if so.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = new StreamReader();
   * reader.feedData(new TextEncoder().encode("last"));
   * reader.feedEof();
   * assertEquals(reader.atEof(), false);
   * await reader.read();
   * assertEquals(reader.atEof(), true);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.at_eof}
   */
  atEof(): boolean {
    return this.#isEof && this.#buffer.size === 0;
  }

  /**
   * Puts data at the end of the stream.
   *
   * @param data The bytes. The reader keeps the array, which is not the caller's any more; it copies one
   * over a `SharedArrayBuffer`.
   * @throws {TypeError} If `data` is not a `Uint8Array`.
   * @throws {RuntimeError} After {@linkcode StreamReader.feedEof}.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = new StreamReader();
   * reader.feedData(new Uint8Array([1, 2, 3]));
   * assertEquals(await reader.read(2), new Uint8Array([1, 2]));
   * ```
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
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = new StreamReader();
   * reader.feedEof();
   * assertEquals(await reader.read(), new Uint8Array());
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.feed_eof}
   */
  feedEof(): void {
    this.#isEof = true;
    this.#source?.cancel(undefined);
    this.#waiting?.wake();
  }

  /**
   * The exception that broke the stream.
   *
   * @returns The exception, or `null`.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = new StreamReader();
   * assertEquals(reader.exception(), null);
   * ```
   */
  exception(): Error | null {
    return this.#exception;
  }

  /**
   * Breaks the stream: reading from it fails from now on.
   *
   * @param error The exception; a value that is not an `Error` becomes the `cause` of one.
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
   * Says which transport is to pause while the reader is full.
   *
   * @param transport The transport.
   * @throws {RuntimeError} If the reader has one already.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { ReadTransport } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * class Valve extends ReadTransport {
   *   isOpen = true;
   *
   *   override pauseReading(): void {
   *     this.isOpen = false;
   *   }
   * }
   *
   * const valve = new Valve();
   * const reader = new StreamReader({ limit: 10 });
   * reader.setTransport(valve);
   * reader.feedData(new Uint8Array(21));
   * assertEquals(valve.isOpen, false);
   * ```
   */
  setTransport(transport: ReadTransport): void {
    assertTransport("The transport of setTransport()", transport);
    if (this.#transport !== null) {
      throw new RuntimeError(
        "Cannot set the transport of the reader as it has one",
      );
    }
    this.#transport = transport;
  }

  /**
   * Iterates over the lines, with the newlines at their ends. After a `break` the rest can still be read.
   *
   * @returns The iterator.
   *
   * @example Usage
   * ```ts
   * import { openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   await using server = await startServer((_, writer) => {
   *     writer.write("one\ntwo\n");
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [reader, writer] = await openConnection(hostname, port);
   *   const lines: string[] = [];
   *   for await (const line of reader) lines.push(new TextDecoder().decode(line));
   *   assertEquals(lines, ["one\n", "two\n"]);
   *   writer.close();
   * });
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array<ArrayBuffer>> {
    return {
      // A line that is there already is not awaited: that takes longer than to find it.
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
   * The stream as the platform has it. It reads from the reader only when it is itself read from, so that
   * the two can be used in turn. Its chunks share their memory with nothing.
   *
   * Cancelling it cancels the web stream that the reader was made from; a connection stays open, since
   * closing that is up to its writer, and the reader can still be read. Cancelling a task that waits for
   * it breaks it, with a `CancelledError`, but not the reader: the bytes stay there, and the next
   * `readable` is a new stream.
   *
   * @example Usage
   * ```ts
   * import { StreamReader } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const reader = new StreamReader();
   * reader.feedData(new TextEncoder().encode("title\n{}"));
   * reader.feedEof();
   * assertEquals(new TextDecoder().decode(await reader.readLine()), "title\n");
   * assertEquals(await new Response(reader.readable).json(), {});
   * ```
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= readableOf(this, {
      onCancelled: (reason) => this.#giveUp(reason),
      onBroken: () => this.#readable = null,
    });
  }

  /**
   * What this is and how it stands, for messages: `<StreamReader 3 bytes eof>`.
   *
   * @returns The text.
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

  /** Nobody reads any more: a web stream may stop, while a connection is closed by its writer. */
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
    // Whoever waits for more must get it, however much there is.
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
    // Before this position no separator begins.
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

  /** The match that ends first. */
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

  /** Drops the line that is too long, as far as it is there. */
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
