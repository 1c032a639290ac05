// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../../core/future.ts";
import { failed } from "../../core/primitive_future.ts";
import { errors } from "../../core/runtime.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import {
  assertBuffer,
  assertBytes,
  assertProtocol,
} from "../stream/assertions.ts";
import type { CallbackContext } from "../stream/callbacks.ts";
import { connectionLost } from "../stream/failures.ts";
import { type Sink, validChunks, WriteHalf } from "../stream/write_half.ts";
import { closeUnlessClosed } from "../stream/sockets.ts";
import type { StreamPipeOptions, WritablePipe } from "../options.ts";
import { Transport } from "../transport.ts";
import { setWriteBuffer } from "../write_buffer.ts";
import { PipeLifecycle } from "./_pipe_lifecycle.ts";
import { isInstance } from "../../core/unknown_value.ts";

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
