// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../../core/errors.ts";
import { isInstance } from "../../core/unknown_value.ts";
import { wrongType } from "../../core/validate.ts";
import type { BufferedProtocol } from "../buffered_protocol.ts";
import type { Protocol } from "../protocol.ts";
import type { ReadSource } from "./types.ts";

/** The size of a connection's first block; what it receives decides how large the others are. */
const FIRST_SIZE = 1024;
const MAX_SIZE = 64 * 1024;
/** How many reads like the last one a block is for. */
const READS_PER_BLOCK = 8;
/** What of an expectation is left after a read that brought less. */
const FORGETTING = 0.75;
/**
 * Where larger chunks than this are to be expected, all are copied. To hand out the memory that was read
 * into would save the copy, and be slower: memory that waited for data has outlived the collections of
 * young garbage.
 */
const MAX_VIEW = 16 * 1024;

const NO_MEMORY = new Uint8Array(0);

/** What reads into memory that it is given, and returns how many bytes; `null` at the end of the stream. */
interface Source {
  read(memory: Uint8Array): Promise<number | null>;
}

/**
 * Reads into memory, in portions of some bytes. What a protocol is handed out of it is its own.
 *
 * Chunks are handed out as views of a block, one behind the other. To copy each into an array of its
 * own takes ten times as long, mostly for the allocation.
 */
export class ChunkSource implements ReadSource<number> {
  readonly #source: Source;
  #block: Uint8Array<ArrayBuffer> = NO_MEMORY;
  /** How much of the block is handed out. */
  #used = 0;
  /** How many bytes a read is expected to bring, by those before. */
  #expected = 0;
  /** The rest of the block. */
  #free: Uint8Array<ArrayBuffer> = NO_MEMORY;
  /** The protocol whose memory is being read into, if it is not our own. */
  #lender: BufferedProtocol | null = null;
  #lent: Uint8Array = NO_MEMORY;

  constructor(source: Source) {
    this.#source = source;
  }

  read(protocol: Protocol | BufferedProtocol): Promise<number | null> {
    return this.#source.read(this.#memoryFor(protocol));
  }

  /** The memory for the next read. Runs the code of a `BufferedProtocol`. */
  #memoryFor(protocol: Protocol | BufferedProtocol): Uint8Array {
    if (!isBuffered(protocol)) return this.#free = this.#freeMemory();
    this.#lent = bufferOf(protocol, -1);
    this.#lender = protocol;
    return this.#lent;
  }

  deliver(count: number, protocol: Protocol | BufferedProtocol): void {
    const lender = this.#lender;
    if (lender === null) {
      const chunk = this.#take(count);
      if (isBuffered(protocol)) copyInto(protocol, chunk);
      else protocol.dataReceived(chunk);
      return;
    }
    this.#lender = null;
    if (protocol === lender) {
      lender.bufferUpdated(count);
      return;
    }
    // The protocol was changed while the read was under way.
    const chunk = this.#lent.slice(0, count);
    if (isBuffered(protocol)) copyInto(protocol, chunk);
    else protocol.dataReceived(chunk);
  }

  release(count: number): Uint8Array<ArrayBuffer> {
    if (this.#lender === null) return this.#take(count);
    this.#lender = null;
    return this.#lent.slice(0, count);
  }

  /** The rest of the block, unless a read as large as is to be expected would leave it half empty. */
  #freeMemory(): Uint8Array<ArrayBuffer> {
    const rest = this.#block.length - this.#used;
    if (rest > 0 && rest >= Math.min(2 * this.#expected, MAX_SIZE)) {
      return rest === this.#block.length
        ? this.#block
        : this.#block.subarray(this.#used);
    }
    this.#used = 0;
    return this.#block = new Uint8Array(this.#nextSize());
  }

  #nextSize(): number {
    const size = READS_PER_BLOCK * this.#expected;
    return Math.min(Math.max(size, FIRST_SIZE), MAX_SIZE);
  }

  #take(count: number): Uint8Array<ArrayBuffer> {
    this.#expected = Math.max(
      count,
      Math.floor(this.#expected * FORGETTING),
    );
    if (this.#expected > MAX_VIEW && this.#used === 0) {
      return new Uint8Array(this.#free.subarray(0, count));
    }
    this.#used += count;
    return count < this.#free.length
      ? this.#free.subarray(0, count)
      : this.#free;
  }
}

/** Whether the protocol lends its own memory. */
export function isBuffered(
  protocol: Protocol | BufferedProtocol,
): protocol is BufferedProtocol {
  return "getBuffer" in protocol;
}

function bufferOf(protocol: BufferedProtocol, sizeHint: number): Uint8Array {
  const buffer = protocol.getBuffer(sizeHint);
  if (!isInstance(buffer, Uint8Array)) {
    throw wrongType("What getBuffer() returns", "a Uint8Array", buffer);
  }
  if (buffer.length === 0) {
    throw new RuntimeError("getBuffer() returned an empty buffer");
  }
  return buffer;
}

/** Hands bytes to a protocol that lends its own memory. */
export function copyInto(protocol: BufferedProtocol, data: Uint8Array): void {
  for (let rest = data; rest.length > 0;) {
    const buffer = bufferOf(protocol, rest.length);
    const count = Math.min(buffer.length, rest.length);
    buffer.set(rest.subarray(0, count));
    protocol.bufferUpdated(count);
    rest = rest.subarray(count);
  }
}
