// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { CallbackContext } from "../engine/callback_context.ts";
import type { Sink } from "../engine/sender.ts";
import type { StreamPipeOptions } from "./stream_pipe_options.ts";

/** Writes to a web stream. What the stream calls runs outside every task. */
export class StreamSink implements Sink {
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
