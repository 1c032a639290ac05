// Copyright 2026 the asyncio for Deno authors. MIT license.

import { copyInto, isBuffered } from "../engine/chunk_source.ts";
import type { Intake } from "../engine/intake.ts";
import { ownBytes } from "../engine/own_bytes.ts";
import type { StreamProtocol } from "../engine/whole.ts";

/** Reads a web stream, whose chunks are handed on as they are, unless their memory is shared. */
export class StreamIntake implements Intake<Uint8Array<ArrayBuffer>> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
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
      if (chunk.length > 0) return ownBytes(chunk);
    }
  }

  deliver(chunk: Uint8Array<ArrayBuffer>, protocol: StreamProtocol): void {
    if (isBuffered(protocol)) copyInto(protocol, chunk);
    else protocol.dataReceived(chunk);
  }

  release(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    return chunk;
  }

  /** Cancels the stream, if it has not ended. */
  close(reason: unknown): void {
    this.#reader.cancel(reason).catch(() => {});
    this.#reader.releaseLock();
  }
}
