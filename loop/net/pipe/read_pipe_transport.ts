// Copyright 2026 the asyncio for Deno authors. MIT license.

import { wrongType } from "../../core/validate.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import { assertProtocol } from "../stream/assertions.ts";
import type { CallbackContext } from "../stream/callbacks.ts";
import { ChunkSource } from "../stream/chunk_source.ts";
import { type ChunkReader, PassingSource } from "../stream/passing_source.ts";
import type { ReadSource, StreamProtocol } from "../stream/types.ts";
import { ownBytes } from "../stream/own_bytes.ts";
import { ReadHalf } from "../stream/read_half.ts";
import { closeUnlessClosed } from "../stream/sockets.ts";
import type { ReadablePipe, StreamPipeOptions } from "../options.ts";
import { ReadTransport } from "../read_transport.ts";
import { PipeLifecycle } from "./_pipe_lifecycle.ts";
import { isInstance } from "../../core/unknown_value.ts";

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
