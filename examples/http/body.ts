// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type StreamReader, timeout, TimeoutError } from "@asyncio/asyncio";
import { type Head, readTrailer } from "./head.ts";
import { HttpError } from "./http_error.ts";
import { readLine } from "./line.ts";

export interface BodyLimits {
  /** The greatest number of bytes. */
  readonly maxBody: number;
  /** The longest pause of the peer, in seconds. */
  readonly timeout: number;
}

const PIECE = 64 * 1024;

/** The body of a request. Iterating gives it in chunks, as they arrive. */
export class Body implements AsyncIterable<Uint8Array> {
  /** Whether it was read to its end. */
  isRead: boolean;
  readonly #reader: StreamReader;
  /** The length in bytes; null for chunked encoding. */
  readonly #length: number | null;
  readonly #limits: BodyLimits;
  readonly #onWanted: (() => void) | null;

  /** Calls `onWanted` when the body is first read. */
  constructor(
    reader: StreamReader,
    head: Head,
    limits: BodyLimits,
    onWanted: (() => void) | null,
  ) {
    this.#reader = reader;
    this.#length = lengthOf(head);
    this.#limits = limits;
    this.#onWanted = onWanted;
    this.isRead = this.#length === 0;
    this.#assertShort(this.#length ?? 0);
  }

  /** Reads the whole body. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const pieces = await Array.fromAsync(this, (piece) => piece.slice());
    return await new Blob(pieces).bytes();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    if (this.isRead) return;
    this.#onWanted?.();
    if (this.#length === null) yield* this.#chunks();
    else yield* this.#pieces(this.#length);
    this.isRead = true;
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void> {
    let total = 0;
    while (true) {
      const size = await this.#sizeOfChunk();
      if (size === 0) break;
      total += size;
      this.#assertShort(total);
      yield* this.#pieces(size);
      const rest = await this.#inTime(() => readLine(this.#reader, 400));
      if (rest !== "") throw new HttpError(400, "A chunk is too long");
    }
    await this.#inTime(() => readTrailer(this.#reader));
  }

  async #sizeOfChunk(): Promise<number> {
    const line = await this.#inTime(() => readLine(this.#reader, 400));
    const [, size] = /^([\da-f]+)[ \t]*(?:;.*)?$/i.exec(line) ?? [];
    if (size === undefined) throw new HttpError(400, "Expected a chunk's size");
    return parseInt(size, 16);
  }

  async *#pieces(left: number): AsyncGenerator<Uint8Array, void> {
    while (left > 0) {
      const size = Math.min(left, PIECE);
      const piece = await this.#inTime(() => this.#reader.read(size));
      if (piece.length === 0) throw new HttpError(400, "The body is too short");
      left -= piece.length;
      yield piece;
    }
  }

  async #inTime<T>(read: () => PromiseLike<T>): Promise<T> {
    try {
      return await timeout(this.#limits.timeout, read);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw new HttpError(408, "The body did not come in time");
    }
  }

  #assertShort(length: number): void {
    if (length <= this.#limits.maxBody) return;
    throw new HttpError(413, "The body is too long");
  }
}

function lengthOf({ fields, version }: Head): number | null {
  const length = fields.get("content-length");
  const coding = fields.get("transfer-encoding");
  if (coding !== null) {
    // With either, a proxy may see another body than this server
    if (length !== null || version === "1.0") {
      throw new HttpError(400, "Cannot take a Transfer-Encoding here");
    }
    if (coding.toLowerCase() === "chunked") return null;
    throw new HttpError(501, "Expected chunked as the Transfer-Encoding");
  }
  if (length === null) return 0;
  if (/^\d+$/.test(length)) return Number(length);
  throw new HttpError(400, "Expected a number as the Content-Length");
}
