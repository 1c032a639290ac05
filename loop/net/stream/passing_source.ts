// Copyright 2026 the asyncio for Deno authors. MIT license.

import { copyInto, isBuffered } from "./chunk_source.ts";
import type { ReadSource, StreamProtocol } from "./types.ts";

/** A source of chunks that belong to their receiver; `null` at the end. */
export interface ChunkReader {
  readChunk(): Promise<Uint8Array<ArrayBuffer> | null>;
}

/** Passes chunks on as they are. */
export class PassingSource implements ReadSource<Uint8Array<ArrayBuffer>> {
  readonly #reader: ChunkReader;

  constructor(reader: ChunkReader) {
    this.#reader = reader;
  }

  read(): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#reader.readChunk();
  }

  deliver(chunk: Uint8Array<ArrayBuffer>, protocol: StreamProtocol): void {
    if (isBuffered(protocol)) copyInto(protocol, chunk);
    else protocol.dataReceived(chunk);
  }

  release(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    return chunk;
  }
}

/** Returns whether a connection reads chunks of its own. */
export function readsChunks(conn: object): conn is ChunkReader {
  return "readChunk" in conn;
}
