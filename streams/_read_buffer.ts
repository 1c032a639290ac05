// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RingBuffer } from "../loop/core/ring_buffer.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import { wrongType } from "../loop/core/validate.ts";

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

/** The memory of a pending read, which the transport may read straight into. */
export class Filling {
  /** The number of bytes at its start that are still in the buffer. */
  start = 0;
  /** The number of bytes after them that were read straight into the memory. */
  count = 0;
  readonly #size: number;
  /** Whether the read waits until the memory is full. */
  readonly #isWhole: boolean;
  #memory: Uint8Array | null;

  private constructor(
    size: number,
    isWhole: boolean,
    memory: Uint8Array | null,
  ) {
    this.#size = size;
    this.#isWhole = isWhole;
    this.#memory = memory;
  }

  /** Creates one for a read that needs at least one byte. */
  static of(memory: Uint8Array): Filling {
    return new Filling(memory.length, false, memory);
  }

  /** Creates one for a read of exactly `size` bytes, whose memory is allocated when it is needed. */
  static whole(size: number): Filling {
    return new Filling(size, true, null);
  }

  /** Whether bytes have been read straight into the memory, and enough of them. */
  get isReady(): boolean {
    return this.count > 0 &&
      (!this.#isWhole || this.start + this.count === this.#size);
  }

  /** Returns the memory for the next bytes, after those of a buffer; `null` if there is none. */
  lend(buffered: number): Loan | null {
    if (buffered > 0 && !this.#isWhole) return null;
    if (this.count === 0) this.start = buffered;
    const at = this.start + this.count;
    if (at >= this.#size) return null;
    this.#memory ??= new Uint8Array(this.#size);
    return { filling: this, memory: this.#memory.subarray(at), at };
  }

  /** Takes bytes that were read into a loan; returns whether they follow what is there. */
  take(loan: Loan, buffered: number, count: number): boolean {
    const { start } = this;
    if (loan.filling !== this || loan.at !== start + this.count) return false;
    if (buffered !== start) return false;
    this.count += count;
    return true;
  }

  /** Gives away the full memory, with the start taken from the buffer. */
  complete(buffer: ByteQueue): Uint8Array<ArrayBuffer> {
    const memory = this.#memory as Uint8Array<ArrayBuffer>; // allocated by lend()
    buffer.takeInto(memory.subarray(0, this.start));
    this.count = 0;
    return memory;
  }

  /** Gives up the memory: moves the bytes that were read into it to the buffer. */
  spill(buffer: ByteQueue): void {
    if (this.count === 0) return;
    const { start } = this;
    buffer.push(this.#memory!.slice(start, start + this.count));
    this.count = 0;
  }
}

/** Memory that a transport reads into. */
export interface Loan {
  readonly filling: Filling;
  readonly memory: Uint8Array;
  /** The offset of the memory in that of the filling. */
  readonly at: number;
}

const encoder = new TextEncoder();

/** The bytes of the strings that were used first: a program has few separators, and uses them often. */
const encoded = new Map<string, Uint8Array>();
const MAX_ENCODED = 64;

/**
 * A separator: a string, bytes, or several of them, of which the shortest match wins.
 *
 * @category Streams
 */
export type LineSeparator =
  | string
  | Uint8Array
  | readonly (string | Uint8Array)[];

/** Separators, prepared for searching. */
export class Separators {
  /** The shortest first: it wins among matches that end at the same place. */
  readonly all: readonly Uint8Array[];
  readonly minLength: number;
  readonly maxLength: number;

  constructor(separator: LineSeparator) {
    const list = typeof separator === "string" ||
        isInstance(separator, Uint8Array)
      ? [separator]
      : separator;
    if (!Array.isArray(list)) {
      throw wrongType(
        "A separator",
        "a string, a Uint8Array or an array of them",
        separator,
      );
    }
    this.all = list.length === 1
      ? [bytesOf(list[0])]
      : list.map(bytesOf).sort((a, b) => a.length - b.length);
    if (this.all.length === 0) {
      throw new RangeError("The separators must be one or more: received none");
    }
    this.minLength = this.all[0]!.length;
    this.maxLength = this.all.at(-1)!.length;
    if (this.minLength === 0) {
      throw new RangeError(
        "A separator must have one byte or more: received an empty one",
      );
    }
  }
}

/** The end of a line. */
export const NEWLINE = new Separators("\n");

function bytesOf(separator: unknown): Uint8Array {
  if (typeof separator === "string") {
    let bytes = encoded.get(separator);
    if (bytes === undefined) {
      bytes = encoder.encode(separator);
      if (encoded.size < MAX_ENCODED) encoded.set(separator, bytes);
    }
    return bytes;
  }
  if (isInstance(separator, Uint8Array)) return separator.slice();
  throw wrongType("A separator", "a string or a Uint8Array", separator);
}

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
