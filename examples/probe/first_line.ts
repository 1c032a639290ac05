// Copyright 2026 the asyncio for Deno authors. MIT license.

import { printable } from "./printable.ts";

/** Collects the first line of what a host sends; blank lines before it do not count. */
export class FirstLine {
  /** How many bytes are looked at, and how many characters of them are kept. */
  static readonly MAX_BYTES = 1024;
  static readonly MAX_LENGTH = 120;

  #text = "";
  #bytesLeft = FirstLine.MAX_BYTES;
  // Without `fatal`: what is not UTF-8 shows as U+FFFD
  readonly #decoder = new TextDecoder();

  /** Whether the line has ended, or is as long as it may be. */
  get isComplete(): boolean {
    return this.#bytesLeft === 0 || this.#text.trimStart().includes("\n");
  }

  /** The line as far as it has come, safe to print; null if nothing has. */
  get text(): string | null {
    const line = this.#text.trimStart().split("\n", 1)[0] ?? "";
    return printable(line.trimEnd(), FirstLine.MAX_LENGTH) || null;
  }

  /** Takes what came next; what is past the last byte looked at is dropped. */
  push(bytes: Uint8Array): void {
    const taken = bytes.subarray(0, this.#bytesLeft);
    this.#bytesLeft -= taken.length;
    this.#text += this.#decoder.decode(taken, { stream: true });
  }
}
