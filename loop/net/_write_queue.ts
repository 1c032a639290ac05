// Copyright 2026 the asyncio for Deno authors. MIT license.

const BLOCK_SIZE = 16 * 1024;
const MAX_FREE_BLOCKS = 64;

/** A UTF-16 code unit becomes at most this many bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/** Blocks that nobody uses, most recently used last: that one is in the processor's cache. */
const freeBlocks: Block[] = [];

const encoder = new TextEncoder();

/** What is to be sent, copied; small pieces are joined. */
export class WriteQueue {
  /** How many bytes there are. */
  size = 0;
  readonly #full: Block[] = [];
  #last: Block | null = null;

  /** Puts a copy of the data at the end. */
  push(data: Uint8Array | string): void {
    if (typeof data === "string") {
      const most = data.length * MAX_BYTES_PER_UNIT;
      if (most <= BLOCK_SIZE) {
        const block = this.#blockWithSpace(most);
        const { written } = encoder.encodeInto(
          data,
          block.bytes.subarray(block.end),
        );
        block.end += written;
        this.size += written;
        return;
      }
      this.#pushBlock(new Block(encoder.encode(data)));
    } else if (data.length <= BLOCK_SIZE) {
      const block = this.#blockWithSpace(data.length);
      block.bytes.set(data, block.end);
      block.end += data.length;
      this.size += data.length;
    } else {
      this.#pushBlock(new Block(new Uint8Array(data)));
    }
  }

  /** What to send next; it stays in the queue, and in place, until it is dropped. */
  head(): Uint8Array {
    const block = (this.#full[0] ?? this.#last)!;
    return block.bytes.subarray(block.start, block.end);
  }

  /** Takes bytes from the front: they are sent. */
  drop(count: number): void {
    this.size -= count;
    const isLast = this.#full.length === 0;
    const block = isLast ? this.#last! : this.#full[0]!;
    block.start += count;
    if (block.start < block.end) return;
    if (isLast) this.#last = null;
    else this.#full.shift();
    if (
      block.bytes.length === BLOCK_SIZE && freeBlocks.length < MAX_FREE_BLOCKS
    ) {
      block.start = block.end = 0;
      freeBlocks.push(block);
    }
  }

  /** Forgets everything. An operation may still use the memory, so that is not used again. */
  clear(): void {
    this.size = 0;
    this.#full.length = 0;
    this.#last = null;
  }

  #blockWithSpace(count: number): Block {
    const last = this.#last;
    if (last !== null) {
      if (last.bytes.length - last.end >= count) return last;
      this.#full.push(last);
    }
    return this.#last = freeBlocks.pop() ??
      new Block(new Uint8Array(BLOCK_SIZE), 0);
  }

  #pushBlock(block: Block): void {
    if (this.#last !== null) this.#full.push(this.#last);
    this.#last = block;
    this.size += block.end;
  }
}

class Block {
  start = 0;

  constructor(readonly bytes: Uint8Array, public end: number = bytes.length) {}
}
