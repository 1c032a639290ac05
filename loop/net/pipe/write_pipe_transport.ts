// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors } from "../../core/runtime.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import { assertBytes, assertProtocol } from "../stream/assertions.ts";
import type { CallbackContext } from "../stream/callbacks.ts";
import { type Sink, validChunks, WriteHalf } from "../stream/write_half.ts";
import { closeUnlessClosed } from "../stream/sockets.ts";
import type { StreamPipeOptions, WritablePipe } from "../options.ts";
import { Transport } from "../transport.ts";
import { setWriteBuffer } from "../write_buffer.ts";
import { PipeLifecycle } from "./_pipe_lifecycle.ts";
import { isInstance } from "../../core/unknown_value.ts";

/** The end of a pipe that is written. */
interface WriteEnd extends Sink {
  /** Ends in order, once everything is written, where that takes time. */
  finish?(): Promise<void>;
  close(reason: unknown): void;
}

/**
 * A transport that writes a pipe. It is a `Transport` for those who take only such, a `StreamWriter` for
 * one: the methods about receiving throw.
 */
export class WritePipeTransport extends Transport {
  readonly #context: CallbackContext;
  readonly #end: WriteEnd;
  readonly #lifecycle: PipeLifecycle<BaseProtocol>;
  readonly #writeHalf: WriteHalf;

  /** `start()` is to follow. */
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
      release: (error) => end.close(error),
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

  override canWriteEof(): boolean {
    return true;
  }

  /** The end of a pipe is its being closed. */
  override writeEof(): void {
    this.close();
  }

  /** Everything is written, and there will be no more. */
  #finish(): void {
    const end = (error: unknown) => this.#lifecycle.endSoon(error);
    const finished = this.#end.finish?.();
    if (finished === undefined) end(null);
    else this.#context.run(() => finished.then(() => end(null), end));
  }

  /** Whoever reads has gone; without a reason that is only an error if something was still to be read. */
  #onBroken(reason: unknown): void {
    const isComplete = this.#writeHalf.buffer.size === 0;
    this.#lifecycle.fail(reason ?? (isComplete ? null : brokenPipe()));
  }
}

function brokenPipe(): Error {
  return new errors.BrokenPipe("The reader of the stream is gone");
}

/** Writes to a web stream. What the stream calls runs outside every task. */
class StreamSink implements Sink {
  readonly #context: CallbackContext;
  readonly #isOwn: boolean;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  /** `onBroken` is called, with the stream's reason, once nothing can be written any more. */
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
    // A copy, as whoever reads at the other end may keep it, and the queue uses its memory again.
    return this.#context.run(() => this.#write(data.slice()));
  }

  /** Closes the stream in order. */
  finish(): Promise<void> {
    return this.#context.run(() => this.#writer.close());
  }

  /** Lets go of the stream, which is aborted unless it is closed. */
  close(reason: unknown): void {
    this.#writer.abort(reason).catch(() => {});
    if (!this.#isOwn) this.#writer.releaseLock();
  }

  async #write(data: Uint8Array): Promise<number> {
    await this.#writer.write(data);
    return data.length;
  }
}
