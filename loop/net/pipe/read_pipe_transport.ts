// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { BaseProtocol } from "../base_protocol.ts";
import type { CallbackContext } from "../engine/callback_context.ts";
import { ChunkSource } from "../engine/chunk_source.ts";
import type { Intake } from "../engine/intake.ts";
import { closeUnlessClosed } from "../engine/close_unless_closed.ts";
import type { ReadablePipe } from "../pipe.ts";
import { PipeLife } from "./_pipe_life.ts";
import { ReadTransport } from "../read_transport.ts";
import { Receiver } from "../engine/receiver.ts";
import { streamIntake } from "./_stream_intake.ts";
import type { StreamPipeOptions } from "./stream_pipe_options.ts";
import type { StreamProtocol } from "../engine/whole.ts";

/** Makes a transport that reads a pipe; `start()` is to follow. */
export function readPipeTransport(
  pipe: ReadablePipe,
  protocol: StreamProtocol,
  context: CallbackContext,
  options?: StreamPipeOptions,
): ReadPipeTransport<number> | ReadPipeTransport<Uint8Array<ArrayBuffer>> {
  if (pipe instanceof ReadableStream) {
    const intake = streamIntake(pipe, options);
    const close = (reason: unknown) => intake.close(reason);
    return new ReadPipeTransport({ pipe, intake, close }, protocol, context);
  }
  const intake = new ChunkSource(pipe);
  const close = () => closeUnlessClosed(pipe);
  return new ReadPipeTransport({ pipe, intake, close }, protocol, context);
}

/** The end of a pipe that is read. */
interface ReadEnd<T> {
  readonly pipe: ReadablePipe;
  readonly intake: Intake<T>;
  close(reason: unknown): void;
}

/** A transport that reads a pipe. */
export class ReadPipeTransport<T> extends ReadTransport {
  readonly #context: CallbackContext;
  readonly #life: PipeLife<StreamProtocol>;
  readonly #receiver: Receiver<T>;

  constructor(
    { pipe, intake, close }: ReadEnd<T>,
    protocol: StreamProtocol,
    context: CallbackContext,
  ) {
    super({ pipe });
    this.#context = context;
    this.#life = new PipeLife(protocol, context, this, {
      stop: () => this.#receiver.stop(),
      release: close,
    });
    this.#receiver = new Receiver(
      intake,
      context,
      this.#life,
      () => this.#onEof(),
    );
  }

  /** Begins the protocol's life. Called once, in an entry and in the async context of callbacks. */
  start(): void {
    this.#life.begin();
    this.#receiver.start();
  }

  override setProtocol(protocol: BaseProtocol): void {
    this.#life.protocol = protocol as StreamProtocol;
  }

  override getProtocol(): BaseProtocol {
    return this.#life.protocol;
  }

  override isClosing(): boolean {
    return this.#life.isClosing;
  }

  override close(): void {
    if (!this.#life.isClosing) this.#life.fail(null);
  }

  override isReading(): boolean {
    return this.#receiver.isReading;
  }

  override pauseReading(): void {
    this.#receiver.pause();
  }

  override resumeReading(): void {
    this.#receiver.resume();
  }

  /** Whatever the protocol says: a pipe has no other direction to keep open. */
  #onEof(): void {
    this.#life.isClosing = true;
    this.#receiver.stop();
    this.#context.enqueue(() => this.#callEofReceived());
    this.#life.endSoon(null);
  }

  #callEofReceived(): void {
    try {
      this.#life.protocol.eofReceived();
    } catch (error) {
      this.#life.report("protocol.eofReceived() failed", error);
    }
  }
}
