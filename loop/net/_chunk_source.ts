// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../errors.ts";
import type { BufferedProtocol } from "./buffered_protocol.ts";
import type { Protocol } from "./protocol.ts";

/** The size of a connection's first block; a connection that fills what it is read into gets larger ones. */
const FIRST_SIZE = 4 * 1024;
const MAX_SIZE = 64 * 1024;
/** A block is used up when less than this part of it is left. */
const LEAST_PART = 1 / 4;

const NO_MEMORY = new Uint8Array(0);

/**
 * The memory that a transport reads into. What a protocol is handed out of it is its own.
 *
 * Chunks are handed out as views of a block, one behind the other. To copy each into an array of its
 * own takes ten times as long, mostly for the allocation.
 */
export class ChunkSource {
  #block: Uint8Array = NO_MEMORY;
  /** How much of the block is handed out. */
  #used = 0;
  #nextSize = FIRST_SIZE;
  /** The rest of the block. */
  #free: Uint8Array = NO_MEMORY;
  /** The protocol whose memory is being read into, if it is not our own. */
  #lender: BufferedProtocol | null = null;
  #lent: Uint8Array = NO_MEMORY;

  /** The memory for the next read. Runs the code of a `BufferedProtocol`. */
  memoryFor(protocol: Protocol | BufferedProtocol): Uint8Array {
    if (!isBuffered(protocol)) return this.#free = this.#freeMemory();
    this.#lent = bufferOf(protocol, -1);
    this.#lender = protocol;
    return this.#lent;
  }

  /** Hands on what was read. Runs the code of the protocol. */
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

  /** What was read, for somebody else than a protocol. */
  release(count: number): Uint8Array {
    if (this.#lender === null) return this.#take(count);
    this.#lender = null;
    return this.#lent.slice(0, count);
  }

  #freeMemory(): Uint8Array {
    const size = this.#block.length;
    if (size - this.#used <= size * LEAST_PART) {
      this.#used = 0;
      return this.#block = new Uint8Array(this.#nextSize);
    }
    return this.#block.subarray(this.#used);
  }

  #take(count: number): Uint8Array {
    this.#used += count;
    if (count < this.#free.length) return this.#free.subarray(0, count);
    this.#nextSize = Math.min(4 * this.#block.length, MAX_SIZE);
    return this.#free;
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
  if (!(buffer instanceof Uint8Array)) {
    throw new TypeError(
      `getBuffer() must return a Uint8Array: received ${typeof buffer}`,
    );
  }
  if (buffer.length === 0) {
    throw new RuntimeError("getBuffer() returned an empty buffer");
  }
  return buffer;
}

function copyInto(protocol: BufferedProtocol, data: Uint8Array): void {
  for (let rest = data; rest.length > 0;) {
    const buffer = bufferOf(protocol, rest.length);
    const count = Math.min(buffer.length, rest.length);
    buffer.set(rest.subarray(0, count));
    protocol.bufferUpdated(count);
    rest = rest.subarray(count);
  }
}
