// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Resource } from "../../core/scheduler.ts";
import { type BaseProtocol, ownBytes } from "../protocols.ts";
import {
  type BaseTransport,
  ReadTransport,
  setWriteBuffer,
  Transport,
} from "../transports.ts";
import type { CallbackContext } from "../stream/callbacks.ts";
import { connectionLost, reasonOf } from "../stream/failures.ts";
import type {
  ReadSource,
  StreamProtocol,
  TransportOwner,
} from "../stream/types.ts";
import { wrongType } from "../../core/validate.ts";
import {
  assertBuffer,
  assertBytes,
  assertProtocol,
} from "../stream/assertions.ts";
import {
  type ChunkReader,
  ChunkSource,
  PassingSource,
  ReadHalf,
} from "../stream/read_half.ts";
import { closeUnlessClosed } from "../stream/sockets.ts";
import type {
  ReadablePipe,
  StreamPipeOptions,
  WritablePipe,
} from "../options.ts";
import { isInstance } from "../../core/unknown_value.ts";
import type { Future } from "../../core/future.ts";
import { failed } from "../../core/primitive_future.ts";
import { errors } from "../../core/runtime.ts";
import { type Sink, validChunks, WriteHalf } from "../stream/write_half.ts";

/** The teardown of a pipe transport. */
interface PipeTeardown {
  /** Stops using the pipe, which is about to be released. */
  stop(): void;
  /** Releases the pipe, with the error that ended it, if any. */
  release(error: unknown): void;
}

/** The lifecycle of a pipe transport in either direction, from `connectionMade()` to `connectionLost()`. */
class PipeLifecycle<P extends BaseProtocol>
  implements TransportOwner<P>, Resource {
  protocol: P;
  /** Whether the transport is closed or closing. */
  isClosing = false;
  readonly #context: CallbackContext;
  readonly #transport: BaseTransport;
  readonly #teardown: PipeTeardown;
  /** Whether `connectionLost()` has been called, or never will be. */
  #isEnded = false;

  constructor(
    protocol: P,
    context: CallbackContext,
    transport: BaseTransport,
    ending: PipeTeardown,
  ) {
    this.protocol = protocol;
    this.#context = context;
    this.#transport = transport;
    this.#teardown = ending;
    context.scheduler.resources.add(this);
  }

  /** Calls `connectionMade()`. Called once, in a step and in the callback context. */
  begin(): void {
    try {
      this.protocol.connectionMade(this.#transport);
    } catch (error) {
      this.report("protocol.connectionMade() failed", error);
    }
  }

  fail(error: unknown): void {
    if (this.#isEnded) return;
    this.isClosing = true;
    this.#teardown.stop();
    this.endSoon(error);
  }

  failFromProtocol(method: string, error: unknown): void {
    this.report(`Fatal error: protocol.${method}() call failed`, error);
    this.fail(error);
  }

  report(message: string, exception: unknown): void {
    this.#context.scheduler.report({
      message,
      exception,
      transport: this.#transport,
      protocol: this.protocol,
    });
  }

  /** Calls `connectionLost()` from the ready queue and releases the pipe. */
  endSoon(error: unknown): void {
    this.#context.enqueue(() => this.#end(error));
  }

  #end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    try {
      this.protocol.connectionLost(reasonOf(error));
    } catch (exception) {
      this.report("protocol.connectionLost() failed", exception);
    } finally {
      this.#context.scheduler.resources.delete(this);
      this.#teardown.release(error);
    }
  }

  /** Releases the resources as the loop is closed. The protocol is no longer called. */
  abandon(): void {
    this.#isEnded = true;
    this.isClosing = true;
    this.#teardown.stop();
    this.#teardown.release(null);
  }
}

/** Creates a transport that reads a pipe. Call `start()` next. */
export function readPipeTransport(
  pipe: ReadablePipe,
  protocol: StreamProtocol,
  context: CallbackContext,
  options?: StreamPipeOptions,
): ReadPipeTransport<number> | ReadPipeTransport<Uint8Array<ArrayBuffer>> {
  if (isInstance(pipe, ReadableStream)) {
    const chunks = chunkReaderOf(pipe);
    const close = (reason: unknown) => {
      // Cancels the stream unless it has ended.
      chunks.reader.cancel(reason).catch(() => {});
      if (!options?.isOwn) chunks.reader.releaseLock();
    };
    const source = new PassingSource(chunks);
    return new ReadPipeTransport({ pipe, source, close }, protocol, context);
  }
  const source = new ChunkSource(pipe);
  const close = () => closeUnlessClosed(pipe);
  return new ReadPipeTransport({ pipe, source, close }, protocol, context);
}

/** The read end of a pipe. */
interface ReadEnd<T> {
  readonly pipe: ReadablePipe;
  readonly source: ReadSource<T>;
  close(reason: unknown): void;
}

/** A transport that reads a pipe. */
class ReadPipeTransport<T> extends ReadTransport {
  readonly #context: CallbackContext;
  readonly #lifecycle: PipeLifecycle<StreamProtocol>;
  readonly #readHalf: ReadHalf<T>;

  constructor(
    { pipe, source, close }: ReadEnd<T>,
    protocol: StreamProtocol,
    context: CallbackContext,
  ) {
    super({ pipe });
    this.#context = context;
    this.#lifecycle = new PipeLifecycle(protocol, context, this, {
      stop: () => this.#readHalf.stop(),
      release: close,
    });
    this.#readHalf = new ReadHalf(
      source,
      context,
      this.#lifecycle,
      () => this.#onEof(),
    );
  }

  /** Calls `connectionMade()`. Called once, in a step and in the callback context. */
  start(): void {
    this.#lifecycle.begin();
    this.#readHalf.start();
  }

  override setProtocol(protocol: BaseProtocol): void {
    assertProtocol("The protocol of setProtocol()", protocol);
    this.#lifecycle.protocol = protocol as StreamProtocol;
  }

  override getProtocol(): BaseProtocol {
    return this.#lifecycle.protocol;
  }

  override isClosing(): boolean {
    return this.#lifecycle.isClosing;
  }

  override close(): void {
    if (!this.#lifecycle.isClosing) this.#lifecycle.fail(null);
  }

  override isReading(): boolean {
    return this.#readHalf.isReading;
  }

  override pauseReading(): void {
    this.#readHalf.pause();
  }

  override resumeReading(): void {
    this.#readHalf.resume();
  }

  /** Ignores the result of `eofReceived()`, since a pipe has no other direction to keep open. */
  #onEof(): void {
    this.#lifecycle.isClosing = true;
    this.#readHalf.stop();
    this.#context.enqueue(() => this.#callEofReceived());
    this.#lifecycle.endSoon(null);
  }

  #callEofReceived(): void {
    try {
      this.#lifecycle.protocol.eofReceived();
    } catch (error) {
      this.#lifecycle.report("protocol.eofReceived() failed", error);
    }
  }
}

/** Returns a reader of a web stream's chunks: a BYOB reader if the stream supports it. */
function chunkReaderOf(stream: ReadableStream<Uint8Array>): StreamChunkReader {
  try {
    return readBytes(stream.getReader({ mode: "byob" }));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return readChunks(stream.getReader());
  }
}

/** A reader of a web stream. */
interface StreamChunkReader extends ChunkReader {
  readonly reader: Pick<
    ReadableStreamDefaultReader,
    "cancel" | "releaseLock"
  >;
}

/** The number of bytes to read at a time with a BYOB reader. */
const BLOCK_SIZE = 64 * 1024;

/**
 * The blocks of streams that have ended. Allocating one for each stream takes a twentieth of the time of a short
 * process.
 */
const freeBlocks: ArrayBuffer[] = [];
const MAX_FREE_BLOCKS = 32;

/**
 * Reads into the same memory repeatedly and copies from it. Handing it out and reading into a new block each time
 * takes longer, and a chunk of one byte would retain the whole block.
 */
function readBytes(reader: ReadableStreamBYOBReader): StreamChunkReader {
  let memory = freeBlocks.pop() ?? new ArrayBuffer(BLOCK_SIZE);
  return {
    reader,
    async readChunk() {
      const { value } = await reader.read(new Uint8Array(memory));
      // A cancelled stream keeps the memory.
      if (value === undefined) return null;
      memory = value.buffer;
      if (value.length > 0) return value.slice();
      if (freeBlocks.length < MAX_FREE_BLOCKS) freeBlocks.push(memory);
      return null;
    },
  };
}

function readChunks(reader: ReadableStreamDefaultReader): StreamChunkReader {
  return {
    reader,
    async readChunk() {
      while (true) {
        const { done, value } = await reader.read();
        if (done) return null;
        // Checked at run time, as a stream may come from JavaScript.
        const chunk: unknown = value;
        if (!isInstance(chunk, Uint8Array)) {
          throw wrongType("Each chunk of the pipe", "a Uint8Array", chunk);
        }
        if (chunk.length > 0) return ownBytes(chunk);
      }
    },
  };
}

/** The write end of a pipe. */
interface WriteEnd extends Sink {
  /** Closes the pipe gracefully after the last write, if that takes time. */
  finish?(): Promise<void>;
  close(reason: unknown): void;
}

/**
 * A transport that writes a pipe. It extends `Transport` so that `StreamWriter` accepts it; the methods for
 * receiving throw.
 */
export class WritePipeTransport extends Transport {
  readonly #context: CallbackContext;
  readonly #end: WriteEnd;
  readonly #lifecycle: PipeLifecycle<BaseProtocol>;
  readonly #writeHalf: WriteHalf;

  /** Call `start()` next. */
  constructor(
    pipe: WritablePipe,
    protocol: BaseProtocol,
    context: CallbackContext,
    options?: StreamPipeOptions,
  ) {
    super({ pipe });
    this.#context = context;
    const end: WriteEnd = this.#end = isInstance(pipe, WritableStream)
      ? new StreamSink(
        pipe,
        context,
        (reason) => this.#onBroken(reason),
        options,
      )
      : {
        write: (data) => pipe.write(data),
        close: () => closeUnlessClosed(pipe),
      };
    this.#lifecycle = new PipeLifecycle(protocol, context, this, {
      stop: () => this.#writeHalf.abandon(),
      release: (error) => {
        end.close(error);
        this.#writeHalf.release(error);
      },
    });
    this.#writeHalf = new WriteHalf(
      end,
      context,
      this.#lifecycle,
      () => this.#finish(),
    );
    setWriteBuffer(this, this.#writeHalf.buffer);
  }

  /** Calls `connectionMade()`. Called once, in a step and in the callback context. */
  start(): void {
    this.#lifecycle.begin();
  }

  override setProtocol(protocol: BaseProtocol): void {
    assertProtocol("The protocol of setProtocol()", protocol);
    this.#lifecycle.protocol = protocol;
  }

  override getProtocol(): BaseProtocol {
    return this.#lifecycle.protocol;
  }

  override isClosing(): boolean {
    return this.#lifecycle.isClosing;
  }

  override close(): void {
    if (this.#lifecycle.isClosing) return;
    this.#lifecycle.isClosing = true;
    if (this.#writeHalf.end()) this.#finish();
  }

  override abort(): void {
    this.#lifecycle.fail(null);
  }

  override write(data: Uint8Array | string): void {
    assertBytes("write", data);
    if (this.#lifecycle.isClosing) this.#writeHalf.discard();
    else this.#writeHalf.write(data);
  }

  override writeLines(chunks: Iterable<Uint8Array | string>): void {
    const list = validChunks(chunks);
    if (this.#lifecycle.isClosing) this.#writeHalf.discard();
    else this.#writeHalf.writeLines(list);
  }

  override send(data: Uint8Array): Future<void> {
    assertBuffer("data of send()", data);
    return this.#lifecycle.isClosing
      ? failed(this.#context.scheduler, connectionLost())
      : this.#writeHalf.send(data);
  }

  override canWriteEof(): boolean {
    return true;
  }

  /** Closes the pipe, which is how a pipe signals its end. */
  override writeEof(): void {
    this.close();
  }

  /** Called when everything has been written after the last write. */
  #finish(): void {
    const end = (error: unknown) => this.#lifecycle.endSoon(error);
    const finished = this.#end.finish?.();
    if (finished === undefined) end(null);
    else this.#context.run(() => finished.then(() => end(null), end));
  }

  /**
   * Ends the transport as the reader has gone. Without a reason, that is an error only if data was left to be read.
   */
  #onBroken(reason: unknown): void {
    const isComplete = this.#writeHalf.buffer.size === 0;
    this.#lifecycle.fail(reason ?? (isComplete ? null : brokenPipe()));
  }
}

function brokenPipe(): Error {
  return new errors.BrokenPipe("The reader of the stream is gone");
}

/** A sink over a web stream. The stream's callbacks run outside any task. */
class StreamSink implements Sink {
  readonly #context: CallbackContext;
  readonly #isOwn: boolean;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  /** Calls `onBroken`, with the stream's reason, when the stream cannot be written any more. */
  constructor(
    stream: WritableStream<Uint8Array>,
    context: CallbackContext,
    onBroken: (reason: unknown) => void,
    { isOwn = false }: StreamPipeOptions = {},
  ) {
    this.#context = context;
    this.#isOwn = isOwn;
    this.#writer = stream.getWriter();
    context.run(() => void this.#writer.closed.catch(onBroken));
  }

  write(data: Uint8Array): Promise<number> {
    if (this.#isOwn) return this.#write(data);
    // Copied, as the reader may keep the chunk and the queue reuses its memory.
    return this.#context.run(() => this.#write(data.slice()));
  }

  /** Closes the stream gracefully. */
  finish(): Promise<void> {
    return this.#context.run(() => this.#writer.close());
  }

  /** Releases the stream, and aborts it unless it is closed. */
  close(reason: unknown): void {
    this.#writer.abort(reason).catch(() => {});
    if (!this.#isOwn) this.#writer.releaseLock();
  }

  async #write(data: Uint8Array): Promise<number> {
    await this.#writer.write(data);
    return data.length;
  }
}
