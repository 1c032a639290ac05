// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../loop/core/future.ts";
import type { Scheduler } from "../loop/core/scheduler.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import { wrongType } from "../loop/core/validate.ts";

/** Receives the data of a stream. */
interface Consumer {
  feedData(data: Uint8Array): void;
  feedEof(): void;
  setException(error: unknown): void;
}

/** Pulls chunks from a web stream one by one, on demand. */
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

  /** Requests the next chunk, unless a request is pending. */
  pull(): void {
    if (this.#isPulling || this.#isOver) return;
    this.#isPulling = true;
    // In a callback of its own, as it runs user code.
    this.#scheduler.loop.callSoon(() => {
      this.#reader.read().then(
        ({ done, value }) => done ? this.#end() : this.#receive(value),
        (error) => this.#fail(error),
      );
    });
  }

  /** Cancels the stream. */
  cancel(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader.cancel(reason).catch(() => {});
    this.#reader.releaseLock();
  }

  // The types cannot guarantee what the chunks are: a stream may come from JavaScript.
  #receive(chunk: unknown): void {
    this.#isPulling = false;
    if (this.#isOver) return;
    if (!isInstance(chunk, Uint8Array)) {
      const error = wrongType(
        "Each chunk of the stream",
        "a Uint8Array",
        chunk,
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
    this.#consumer.setException(error);
  }
}

/** The source of a `ReadableStream`. */
interface Reader {
  read(n: number): Future<Uint8Array<ArrayBuffer>>;
  readInto(memory: Uint8Array): Future<number>;
}

/** Notified when the stream ends before the reader does. */
interface ReadableEnding {
  onCancelled(reason: unknown): void;
  onBroken(): void;
}

/** The number of bytes to read at a time. */
const CHUNK_SIZE = 128 * 1024;

/** Creates a web stream of bytes that reads from a reader on demand, into the memory of a BYOB reader if it has one. */
export function readableOf(
  reader: Reader,
  ending: ReadableEnding,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let reading: Future<unknown> | null = null;
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const request = controller.byobRequest;
      // Bytes that are available are not awaited: a cancellation in the meantime would lose them.
      try {
        if (request?.view) {
          const { buffer, byteOffset, byteLength } = request.view;
          const memory = new Uint8Array(buffer, byteOffset, byteLength);
          const filling = reading = reader.readInto(memory);
          const count = filling.done() ? filling.result() : await filling;
          if (count === 0) controller.close();
          request.respond(count);
        } else {
          const taking = reading = reader.read(CHUNK_SIZE);
          const chunk = taking.done() ? taking.result() : await taking;
          if (chunk.length > 0) controller.enqueue(owned(chunk));
          else controller.close();
        }
      } catch (error) {
        ending.onBroken();
        throw error;
      }
    },
    cancel(reason) {
      // The pending read would take bytes that are then lost.
      reading?.cancel();
      ending.onCancelled(reason);
    },
  });
}

/** The platform transfers the memory of a chunk, so it must not be shared. */
function owned(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return chunk.length === chunk.buffer.byteLength ? chunk : chunk.slice();
}
