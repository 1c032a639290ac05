// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Scheduler } from "../loop/scheduler.ts";

/** Who gets what a stream brings. */
export interface Consumer {
  feedData(data: Uint8Array): void;
  feedEof(): void;
  setException(error: Error): void;
}

/** A web stream that a reader takes chunks from, one by one, as they are asked for. */
export class WebSource {
  readonly #scheduler: Scheduler;
  readonly #consumer: Consumer;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #isPulling = false;
  #isOver = false;

  constructor(
    stream: ReadableStream<Uint8Array>,
    scheduler: Scheduler,
    consumer: Consumer,
  ) {
    this.#reader = stream.getReader();
    this.#scheduler = scheduler;
    this.#consumer = consumer;
  }

  /** Has the next chunk come, unless one is on its way. */
  pull(): void {
    if (this.#isPulling || this.#isOver) return;
    this.#isPulling = true;
    // In its turn, since it runs code of the stream's.
    this.#scheduler.loop.callSoon(() => {
      this.#reader.read().then(
        ({ done, value }) => done ? this.#end() : this.#receive(value),
        (error) => this.#fail(error),
      );
    });
  }

  /** Takes nothing more from the stream, which is told so. */
  cancel(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader.cancel(reason).catch(() => {});
    this.#reader.releaseLock();
  }

  // The types cannot see to the chunks: a stream may come from JavaScript.
  #receive(chunk: unknown): void {
    this.#isPulling = false;
    if (this.#isOver) return;
    if (!(chunk instanceof Uint8Array)) {
      const error = new TypeError(
        `Expected a stream of Uint8Arrays: received a chunk of type ${typeof chunk}`,
      );
      this.cancel(error);
      this.#consumer.setException(error);
    } else if (chunk.length === 0) this.pull();
    else this.#consumer.feedData(chunk);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader.releaseLock();
    this.#consumer.feedEof();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader.releaseLock();
    this.#consumer.setException(
      error instanceof Error
        ? error
        : new Error(String(error), { cause: error }),
    );
  }
}
