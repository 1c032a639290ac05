// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RingBuffer } from "../../core/ring_buffer.ts";

/** The block sizes. A write takes the smallest that holds it. */
const BLOCK_SIZES = [16 * 1024, 64 * 1024, 256 * 1024] as const;
const [SMALL_SIZE] = BLOCK_SIZES;

/** The maximum size of the pool for each block size, in bytes. */
const MAX_FREE_BYTES = 2 * 1024 * 1024;

/** A UTF-16 code unit becomes at most this many bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * The pools of unused blocks, by block size. The most recently used block is last and taken first, since it is in
 * the processor's cache. Allocating a block takes several times as long as filling it.
 */
const freeBlocks: readonly Block[][] = BLOCK_SIZES.map(() => []);

const encoder = new TextEncoder();

const NO_BYTES = new Uint8Array(0);

/** A queue of unsent data: copies, in which small writes are joined, and lent memory. */
export class WriteQueue {
  /** The number of bytes. */
  size = 0;
  /** The loans, and the blocks that take no more data. */
  readonly #full = new RingBuffer<Block | Loan>();
  /** The block that takes more data. */
  #last: Block | null = null;

  /** Appends a copy of the data. */
  push(data: Uint8Array | string): void {
    if (typeof data === "string") this.#pushText(data);
    else this.#pushBytes(data);
  }

  /** Appends lent memory, which is not copied. */
  lend(loan: Loan): void {
    if (this.#last !== null) this.#full.push(this.#last);
    this.#last = null;
    this.#full.push(loan);
    this.size += loan.end;
    this.#dropEmptyLoans();
  }

  /** Removes the unsent part of a loan. Of a write that `isPending`, the part under way is still sent. */
  withdraw(loan: Loan, isPending: boolean): void {
    loan.isWithdrawn = true;
    if (isPending && loan === this.#full.first) return;
    this.size -= loan.end - loan.start;
    loan.end = loan.start;
    this.#dropEmptyLoans();
  }

  /** Returns the next bytes to send. They stay in the queue, and in place, until they are dropped. */
  head(): Uint8Array {
    const { bytes, start, end } = (this.#full.first ?? this.#last)!;
    return bytes.subarray(start, end);
  }

  /** Removes sent bytes from the front. */
  drop(count: number): void {
    this.size -= count;
    const isLast = this.#full.size === 0;
    const first = isLast ? this.#last! : this.#full.first!;
    first.start += count;
    if (first instanceof Loan) {
      if (first.isWithdrawn) this.withdraw(first, false);
      else this.#dropEmptyLoans();
      return;
    }
    if (first.start < first.end) return;
    if (isLast) this.#last = null;
    else this.#full.take();
    releaseBlock(first);
    this.#dropEmptyLoans();
  }

  /**
   * Removes everything and returns the loans. The memory does not return to the pool, since a pending write may still
   * read it.
   */
  clear(): Loan[] {
    const loans = [];
    while (this.#full.size > 0) {
      const each = this.#full.take();
      if (each instanceof Loan) loans.push(each);
    }
    this.size = 0;
    this.#last = null;
    return loans;
  }

  #dropEmptyLoans(): void {
    for (let first; (first = this.#full.first) instanceof Loan;) {
      if (first.start < first.end) return;
      this.#full.take();
      first.onReturned(null);
    }
  }

  #pushBytes(data: Uint8Array): void {
    let rest = data;
    while (rest.length > 0) {
      const block = this.#blockFor(rest.length);
      const part = rest.length <= block.space
        ? rest
        : rest.subarray(0, block.space);
      block.bytes.set(part, block.end);
      this.#fill(block, part.length);
      rest = part === rest ? NO_BYTES : rest.subarray(part.length);
    }
  }

  #pushText(text: string): void {
    let rest = text;
    while (rest.length > 0) {
      const block = this.#blockFor(rest.length * MAX_BYTES_PER_UNIT);
      const { read, written } = encoder.encodeInto(
        rest,
        block.bytes.subarray(block.end),
      );
      this.#fill(block, written);
      rest = rest.slice(read);
    }
  }

  #fill(block: Block, count: number): void {
    block.end += count;
    this.size += count;
  }

  /** Returns a block for `count` more bytes. Only the largest may be too small. */
  #blockFor(count: number): Block {
    const last = this.#last;
    if (last !== null) {
      if (last.space >= count) return last;
      this.#full.push(last);
    }
    return this.#last = acquireBlock(count);
  }
}

/** Memory that is sent without a copy, so it must not change until it is returned. */
export class Loan {
  readonly bytes: Uint8Array;
  /** Called when the memory is returned, with the error if not all of it was sent. */
  readonly onReturned: (error: unknown) => void;
  start = 0;
  end: number;
  isWithdrawn = false;

  constructor(bytes: Uint8Array, onReturned: (error: unknown) => void) {
    this.bytes = bytes;
    this.onReturned = onReturned;
    this.end = bytes.length;
  }
}

class Block {
  readonly bytes: Uint8Array;
  start = 0;
  end = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  get space(): number {
    return this.bytes.length - this.end;
  }
}

function acquireBlock(count: number): Block {
  let kind = 0;
  if (count > SMALL_SIZE) kind = count <= BLOCK_SIZES[1] ? 1 : 2;
  return freeBlocks[kind]!.pop() ?? new Block(BLOCK_SIZES[kind]!);
}

function releaseBlock(block: Block): void {
  const { length } = block.bytes;
  const free = freeBlocks[BLOCK_SIZES.findIndex((size) => size === length)]!;
  if (free.length * length >= MAX_FREE_BYTES) return;
  block.start = block.end = 0;
  free.push(block);
}
