// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../loop/future.ts";

/** How much is read at a time, in bytes. */
const CHUNK_SIZE = 64 * 1024;

/** What is read from. */
export interface Reader {
  read(n: number): Future<Uint8Array<ArrayBuffer>>;
}

/** Who is told how the stream ends, if not with the reader. */
export interface ReadableEnding {
  onCancelled(reason: unknown): void;
  onBroken(): void;
}

/** A web stream of what a reader reads: it takes nothing that it is not asked for. */
export function readableOf(
  reader: Reader,
  ending: ReadableEnding,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let reading: Future<Uint8Array<ArrayBuffer>> | null = null;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        reading = reader.read(CHUNK_SIZE);
        const chunk = await reading;
        if (chunk.length > 0) controller.enqueue(owned(chunk));
        else controller.close();
      } catch (error) {
        ending.onBroken();
        throw error;
      }
    },
    cancel(reason) {
      // It would take bytes that nobody gets.
      reading?.cancel();
      ending.onCancelled(reason);
    },
  }, { highWaterMark: 0 });
}

/** On the platform a chunk's memory is transferred with it, and so must not be shared. */
function owned(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return chunk.length === chunk.buffer.byteLength ? chunk : chunk.slice();
}
