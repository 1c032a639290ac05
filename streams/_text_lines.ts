// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { ByteQueue } from "./_byte_queue.ts";

/**
 * How many bytes are decoded at once, at most. A line is a slice of the decoded text, so a program that keeps one line
 * in a thousand keeps this much for each of them.
 */
const BLOCK_SIZE = 4 * 1024;

const LF = 10;
const CR = 13;

const firstDecoder = new TextDecoder();
/** For what follows, where U+FEFF is not a byte order mark. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Lines as text, without their ends. Those that have arrived are decoded many at once, which takes a fraction of the
 * time. But they stay in the buffer until they are taken, so that the next read can be another one.
 */
export class TextLines {
  readonly #buffer: ByteQueue;
  readonly #limit: number;
  /** The position of the buffer where the lines begin. */
  readonly #origin: number;
  /** Whole lines at the front of the buffer, of which the first ones may have been taken. */
  #bytes: Uint8Array = new Uint8Array(0);
  #text = "";
  /** Where the first line that has not been taken begins, in both. */
  #byte = 0;
  #character = 0;
  /** The position of the buffer if nothing else has taken anything from it. */
  #position = 0;

  constructor(buffer: ByteQueue, limit: number) {
    this.#buffer = buffer;
    this.#limit = limit;
    this.#origin = buffer.position;
  }

  /** Takes the next line if it has arrived; `null` if it must be read by itself. */
  take(): string | null {
    const isUsedUp = this.#byte === this.#bytes.length;
    if (isUsedUp || this.#position !== this.#buffer.position) this.#lookAhead();
    const start = this.#character;
    const end = this.#text.indexOf("\n", start);
    if (end === -1) return null;
    const isSingleBytes = this.#text.length === this.#bytes.length;
    const newline = isSingleBytes ? end : this.#bytes.indexOf(LF, this.#byte);
    const length = newline - this.#byte;
    if (length > this.#limit) return null;
    this.#buffer.skip(length + 1);
    this.#position = this.#buffer.position;
    this.#byte = newline + 1;
    this.#character = end + 1;
    const hasReturn = end > start && this.#text.charCodeAt(end - 1) === CR;
    return this.#text.slice(start, hasReturn ? end - 1 : end);
  }

  /** Decodes a line that was read by itself. */
  decode(line: Uint8Array): string {
    const position = this.#buffer.position - line.length;
    let end = line.length;
    if (line[end - 1] === LF) end -= line[end - 2] === CR ? 2 : 1;
    return this.#decode(line.subarray(0, end), position);
  }

  #lookAhead(): void {
    const block = this.#buffer.peek(BLOCK_SIZE);
    this.#bytes = block.subarray(0, block.lastIndexOf(LF) + 1);
    this.#byte = this.#character = 0;
    this.#position = this.#buffer.position;
    this.#text = this.#decode(this.#bytes, this.#position);
  }

  #decode(bytes: Uint8Array, position: number): string {
    return (position === this.#origin ? firstDecoder : decoder).decode(bytes);
  }
}
