// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { ByteQueue } from "./_byte_queue.ts";

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
