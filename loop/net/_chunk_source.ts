// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../errors.ts";
import type { BufferedProtocol } from "./buffered_protocol.ts";
import type { Protocol } from "./protocol.ts";

const FIRST_SIZE = 4 * 1024;
const MAX_SIZE = 64 * 1024;

const NO_MEMORY = new Uint8Array(0);

/** The memory that a transport reads into. What a protocol is handed out of it is its own. */
export class ChunkSource {
  #own: Uint8Array = NO_MEMORY;
  /** The protocol whose memory is being read into, if it is not our own. */
  #lender: BufferedProtocol | null = null;
  #lent: Uint8Array = NO_MEMORY;

  /** The memory for the next read. Runs the code of a `BufferedProtocol`. */
  memoryFor(protocol: Protocol | BufferedProtocol): Uint8Array {
    if (!isBuffered(protocol)) {
      if (this.#own.length === 0) this.#own = new Uint8Array(FIRST_SIZE);
      return this.#own;
    }
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

  /**
   * Little is copied out and the memory used again; much is given away with its memory, and if it
   * filled that the next is larger.
   */
  #take(count: number): Uint8Array {
    const own = this.#own;
    if (2 * count <= own.length) return own.slice(0, count);
    const isFull = count === own.length;
    this.#own = new Uint8Array(
      isFull ? Math.min(4 * own.length, MAX_SIZE) : own.length,
    );
    return isFull ? own : own.subarray(0, count);
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
