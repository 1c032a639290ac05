// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Chunks shorter than this are copied together while they wait. */
const SMALL = 512;
const TAIL_SIZE = 4 * 1024;

const NO_BYTES = new Uint8Array(0);

/** Bytes that arrived and nobody has read yet. What comes and goes in one piece is not copied. */
export class ByteQueue {
  /** How many bytes there are. */
  size = 0;
  readonly #chunks: Uint8Array[] = [];
  /** How many bytes of the first chunk are taken already. */
  #taken = 0;
  /** Where small chunks are collected: otherwise a peer that sends byte by byte would fill the memory. */
  #tail: Uint8Array = NO_BYTES;
  #tailEnd = 0;
  /** The last chunk if it is the end of the tail's filled part. */
  #tailChunk: Uint8Array | null = null;

  push(chunk: Uint8Array): void {
    if (chunk.length < SMALL && this.#chunks.length > 0) this.#collect(chunk);
    else this.#chunks.push(chunk);
    this.size += chunk.length;
  }

  /** Takes bytes from the front, at most `size`. */
  take(count: number): Uint8Array {
    if (count === 0) return NO_BYTES;
    this.size -= count;
    const first = this.#chunks[0]!;
    const start = this.#taken;
    const end = start + count;
    if (end > first.length) return this.#join(count);
    if (end < first.length) {
      this.#taken = end;
      return first.subarray(start, end);
    }
    this.#dropFirst();
    return start === 0 ? first : first.subarray(start);
  }

  /** Where `separator` begins, at `from` or later; -1 if it does not occur. */
  find(separator: Uint8Array, from: number): number {
    const firstByte = separator[0]!;
    let base = -this.#taken;
    for (const chunk of this.#chunks) {
      let at = chunk.indexOf(firstByte, Math.max(0, from - base));
      while (at !== -1 && base + at >= from) {
        if (base + at + separator.length > this.size) return -1;
        if (separator.length === 1 || this.#matches(separator, base + at)) {
          return base + at;
        }
        at = chunk.indexOf(firstByte, at + 1);
      }
      base += chunk.length;
    }
    return -1;
  }

  #matches(separator: Uint8Array, position: number): boolean {
    let index = 0;
    let offset = position + this.#taken;
    for (const chunk of this.#chunks) {
      for (; offset < chunk.length; offset++) {
        if (chunk[offset] !== separator[index]) return false;
        if (++index === separator.length) return true;
      }
      offset -= chunk.length;
    }
    return false;
  }

  #collect(chunk: Uint8Array): void {
    const last = this.#tailChunk;
    const isLast = last !== null && last === this.#chunks.at(-1);
    if (this.#tailEnd + chunk.length > this.#tail.length) {
      this.#tail = new Uint8Array(TAIL_SIZE);
      this.#tailEnd = 0;
      this.#chunks.push(NO_BYTES);
    } else if (!isLast) {
      this.#chunks.push(NO_BYTES);
    }
    const start = this.#tailEnd -
      (isLast && this.#tailEnd > 0 ? last.length : 0);
    this.#tail.set(chunk, this.#tailEnd);
    this.#tailEnd += chunk.length;
    this.#tailChunk = this.#tail.subarray(start, this.#tailEnd);
    this.#chunks[this.#chunks.length - 1] = this.#tailChunk;
  }

  /** Takes what lies in several chunks. */
  #join(count: number): Uint8Array {
    const joined = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const first = this.#chunks[0]!;
      const end = Math.min(first.length, this.#taken + count - filled);
      joined.set(first.subarray(this.#taken, end), filled);
      filled += end - this.#taken;
      if (end === first.length) this.#dropFirst();
      else this.#taken = end;
    }
    return joined;
  }

  #dropFirst(): void {
    this.#taken = 0;
    this.#chunks.shift();
  }
}
