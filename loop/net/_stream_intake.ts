// Copyright 2026 the asyncio for Deno authors. MIT license.

import { copyInto, isBuffered } from "./_chunk_source.ts";
import type { Intake } from "./_intake.ts";
import type { StreamProtocol } from "./_whole.ts";

/** Reads a web stream, whose chunks are handed on as they are. */
export class StreamIntake implements Intake<Uint8Array> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async read(): Promise<Uint8Array | null> {
    while (true) {
      const { done, value } = await this.#reader.read();
      if (done) return null;
      // The types cannot see to it: a stream may come from JavaScript.
      const chunk: unknown = value;
      if (!(chunk instanceof Uint8Array)) {
        throw new TypeError(
          `Expected a stream of Uint8Arrays: received a chunk of type ${typeof chunk}`,
        );
      }
      if (chunk.length > 0) return chunk;
    }
  }

  deliver(chunk: Uint8Array, protocol: StreamProtocol): void {
    if (isBuffered(protocol)) copyInto(protocol, chunk);
    else protocol.dataReceived(chunk);
  }

  release(chunk: Uint8Array): Uint8Array {
    return chunk;
  }

  /** Cancels the stream, if it has not ended. */
  close(reason: unknown): void {
    this.#reader.cancel(reason).catch(() => {});
    this.#reader.releaseLock();
  }
}
