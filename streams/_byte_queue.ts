// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RingBuffer } from "../loop/core/ring_buffer.ts";

/** Chunks shorter than this are copied together while they wait. */
const SMALL = 512;
const TAIL_SIZE = 4 * 1024;

const NO_BYTES = new Uint8Array(0);

/** Bytes that have arrived and are unread. A chunk that is taken as it came is not copied. */
export class ByteQueue {
  /** The number of bytes. */
  size = 0;
  /** The number of bytes that have arrived. */
  #arrived = 0;
  /** The chunk at the front; usually the only one. */
  #first: Uint8Array<ArrayBuffer> = NO_BYTES;
  /** The number of bytes of it that have been taken. */
  #taken = 0;
  readonly #more = new RingBuffer<Uint8Array<ArrayBuffer>>();
  /** Small chunks are collected here: otherwise a peer that sends single bytes would fill the memory. */
  #tail: Uint8Array<ArrayBuffer> = NO_BYTES;
  #tailEnd = 0;
  /** The chunk at the end, if small chunks are appended to it. */
  #tailChunk: Uint8Array<ArrayBuffer> | null = null;

  push(chunk: Uint8Array<ArrayBuffer>): void {
    if (this.size === 0) this.#first = chunk;
    else if (chunk.length < SMALL) this.#collect(chunk);
    else {
      this.#more.push(chunk);
      this.#tailChunk = null;
    }
    this.size += chunk.length;
    this.#arrived += chunk.length;
  }

  /** The number of bytes that have been taken. */
  get position(): number {
    return this.#arrived - this.size;
  }

  /** Returns some of the bytes at the front, at most `count`; they stay there. */
  peek(count: number): Uint8Array<ArrayBuffer> {
    return this.#first.subarray(this.#taken, this.#taken + count);
  }

  /** Takes `count` bytes that {@linkcode ByteQueue.peek} returned. */
  skip(count: number): void {
    this.size -= count;
    this.#taken += count;
    if (this.#taken === this.#first.length) this.#dropFirst();
  }

  /** Takes `count` bytes from the front, at most `size`. */
  take(count: number): Uint8Array<ArrayBuffer> {
    if (count === 0) return NO_BYTES;
    const first = this.#first;
    const start = this.#taken;
    const end = start + count;
    if (end > first.length) return this.#join(count);
    this.size -= count;
    if (end < first.length) {
      this.#taken = end;
      return first.subarray(start, end);
    }
    this.#dropFirst();
    return start === 0 ? first : first.subarray(start);
  }

  /** Takes as many bytes from the front as the memory holds, into it; returns their number. */
  takeInto(memory: Uint8Array): number {
    const count = Math.min(memory.length, this.size);
    for (let filled = 0; filled < count;) {
      const start = this.#taken;
      const rest = this.#first.length - start;
      const part = Math.min(rest, count - filled);
      memory.set(this.#first.subarray(start, start + part), filled);
      filled += part;
      this.size -= part;
      if (part === rest) this.#dropFirst();
      else this.#taken = start + part;
    }
    return count;
  }

  /** Returns where `separator` first occurs at `from` or later; -1 if it does not. */
  find(separator: Uint8Array, from: number): number {
    const firstByte = separator[0]!;
    let base = -this.#taken;
    for (let i = -1; i < this.#more.size; i++) {
      const chunk = this.#chunkAt(i);
      let at = chunk.indexOf(firstByte, Math.max(0, from - base));
      while (at !== -1) {
        const position = base + at;
        if (position + separator.length > this.size) return -1;
        if (separator.length === 1 || this.#matches(separator, i, at)) {
          return position;
        }
        at = chunk.indexOf(firstByte, at + 1);
      }
      base += chunk.length;
    }
    return -1;
  }

  /** Returns a chunk; the one at the front has the index -1. */
  #chunkAt(index: number): Uint8Array<ArrayBuffer> {
    return index === -1 ? this.#first : this.#more.at(index);
  }

  /** Returns whether `separator` begins at an offset of a chunk. */
  #matches(separator: Uint8Array, index: number, offset: number): boolean {
    let chunk = this.#chunkAt(index);
    for (const byte of separator) {
      if (offset === chunk.length) {
        chunk = this.#chunkAt(++index);
        offset = 0;
      }
      if (chunk[offset++] !== byte) return false;
    }
    return true;
  }

  #collect(chunk: Uint8Array<ArrayBuffer>): void {
    let start = this.#tailEnd;
    if (start + chunk.length > this.#tail.length) {
      this.#tail = new Uint8Array(TAIL_SIZE);
      this.#tailEnd = start = 0;
    } else if (this.#tailChunk !== null && this.#more.size > 0) {
      start -= this.#tailChunk.length;
      this.#more.takeLast();
    }
    this.#tail.set(chunk, this.#tailEnd);
    this.#tailEnd += chunk.length;
    this.#tailChunk = this.#tail.subarray(start, this.#tailEnd);
    this.#more.push(this.#tailChunk);
  }

  /** Takes bytes that span several chunks. */
  #join(count: number): Uint8Array<ArrayBuffer> {
    const joined = new Uint8Array(count);
    this.takeInto(joined);
    return joined;
  }

  #dropFirst(): void {
    this.#taken = 0;
    this.#first = this.size === 0 ? NO_BYTES : this.#more.take();
  }
}
