// Copyright 2026 the asyncio for Deno authors. MIT license.

import { printable } from "./printable.ts";

/** Collects the first line that a host sends; leading blank lines are ignored. */
export class FirstLine {
  /** The number of bytes that are read, and the number of characters that are kept. */
  static readonly MAX_BYTES = 1024;
  static readonly MAX_LENGTH = 120;

  #text = "";
  #bytesLeft = FirstLine.MAX_BYTES;
  // Without `fatal`: invalid UTF-8 becomes U+FFFD
  readonly #decoder = new TextDecoder();

  /** Whether the line has ended, or has reached its greatest length. */
  get isComplete(): boolean {
    return this.#bytesLeft === 0 || this.#text.trimStart().includes("\n");
  }

  /** The line so far, safe to print; null if nothing has arrived. */
  get text(): string | null {
    const line = this.#text.trimStart().split("\n", 1)[0] ?? "";
    return printable(line.trimEnd(), FirstLine.MAX_LENGTH) || null;
  }

  /** Adds a chunk. Drops bytes beyond the limit. */
  push(bytes: Uint8Array): void {
    const taken = bytes.subarray(0, this.#bytesLeft);
    this.#bytesLeft -= taken.length;
    this.#text += this.#decoder.decode(taken, { stream: true });
  }
}
