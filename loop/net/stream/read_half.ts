// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError } from "../../core/errors.ts";
import { isInstance } from "../../core/unknown_value.ts";
import { wrongType } from "../../core/validate.ts";
import {
  type BufferedProtocol,
  type DirectProtocol,
  isDirect,
  lendMemory,
  memoryFilled,
  type Protocol,
} from "../protocols.ts";
import type { ReadSource, StreamProtocol, TransportOwner } from "./types.ts";
import type { Outcome } from "../../core/outcome.ts";
import { errors } from "../../core/runtime.ts";
import { type CallbackContext, Turn } from "./callbacks.ts";

/** The largest chunk, in bytes, that is handed out as a view of a block. */
const MAX_VIEW = 2 * 1024;
/** The size of a connection's first block, in bytes. The size of later blocks depends on the traffic. */
const FIRST_SIZE = 1024;
/** The number of chunks of the expected size that fit in a block. */
const CHUNKS_PER_BLOCK = 8;
/** The largest memory that is read into. */
const MAX_SIZE = 128 * 1024;
/** The factor by which the expected size decays after a smaller read. */
const FORGETTING = 0.75;

const NO_MEMORY = new Uint8Array(0);

/** A source that reads into the given memory and returns the number of bytes; `null` at the end of the stream. */
interface Source {
  read(memory: Uint8Array): Promise<number | null>;
}

/**
 * Reads into memory of its own, unless the protocol brings some. Chunks belong to the protocol that gets them.
 *
 * Small chunks are adjacent views of a block: copying each into its own array takes ten times as long, mostly for the
 * allocation. Larger ones are read into the same memory again and again and handed out as a copy. Handing out the
 * memory itself would save the copy but be slower: memory that waits for data outlives the collections of the young
 * generation.
 *
 * The memory is twice as large as the chunk that is expected: if a read fills its memory exactly, Deno tries again.
 */
export class ChunkSource implements ReadSource<number> {
  readonly #source: Source;
  #block: Uint8Array<ArrayBuffer> = NO_MEMORY;
  /** Whether chunks are copied from the block; otherwise they are views of it. */
  #isReused = false;
  /** The part of the block that has been handed out, in bytes. */
  #used = 0;
  /** The expected size of a read, estimated from earlier ones. */
  #expected = 0;
  /** The unused part of the block. */
  #free: Uint8Array<ArrayBuffer> = NO_MEMORY;
  /** The protocol that provides the buffer of the current read, if any. */
  #lender: BufferedProtocol | DirectProtocol | null = null;
  #lent: Uint8Array = NO_MEMORY;

  constructor(source: Source) {
    this.#source = source;
  }

  read(protocol: Protocol | BufferedProtocol): Promise<number | null> {
    return this.#source.read(this.#memoryFor(protocol));
  }

  /** Returns the memory for the next read. May call the protocol's `getBuffer()`. */
  #memoryFor(protocol: Protocol | BufferedProtocol): Uint8Array {
    if (isBuffered(protocol)) {
      this.#lent = bufferOf(protocol, -1);
      this.#lender = protocol;
      return this.#lent;
    }
    const memory = isDirect(protocol) ? protocol[lendMemory]() : null;
    if (memory === null) return this.#free = this.#freeMemory();
    this.#lender = protocol as DirectProtocol & Protocol;
    return this.#lent = memory;
  }

  deliver(count: number, protocol: Protocol | BufferedProtocol): null {
    const lender = this.#lender;
    if (lender === null) {
      const chunk = this.#take(count);
      if (isBuffered(protocol)) copyInto(protocol, chunk);
      else protocol.dataReceived(chunk);
      return null;
    }
    this.#lender = null;
    if (protocol === lender) {
      if (isDirect(lender)) lender[memoryFilled](count);
      else lender.bufferUpdated(count);
      return null;
    }
    // The protocol was replaced during the read.
    const chunk = this.#lent.slice(0, count);
    if (isBuffered(protocol)) copyInto(protocol, chunk);
    else protocol.dataReceived(chunk);
    return null;
  }

  release(count: number): Uint8Array<ArrayBuffer> {
    if (this.#lender === null) return this.#take(count);
    this.#lender = null;
    return this.#lent.slice(0, count);
  }

  #freeMemory(): Uint8Array<ArrayBuffer> {
    return this.#expected > MAX_VIEW
      ? this.#reusedBlock()
      : this.#restOfBlock();
  }

  /** Returns the block that chunks are copied from, or a new one if it is not about as large as it should be. */
  #reusedBlock(): Uint8Array<ArrayBuffer> {
    const wanted = Math.min(2 * this.#expected, MAX_SIZE);
    const { length } = this.#block;
    if (this.#isReused && length >= wanted && length <= 8 * wanted) {
      return this.#block;
    }
    this.#isReused = true;
    return this.#block = new Uint8Array(wanted);
  }

  /** Returns the unused part of the block, or a new block if two reads of the expected size do not fit. */
  #restOfBlock(): Uint8Array<ArrayBuffer> {
    const rest = this.#block.length - this.#used;
    if (!this.#isReused && rest > 0 && rest >= 2 * this.#expected) {
      return this.#used === 0 ? this.#block : this.#block.subarray(this.#used);
    }
    this.#isReused = false;
    this.#used = 0;
    const size = CHUNKS_PER_BLOCK * this.#expected;
    return this.#block = new Uint8Array(Math.max(size, FIRST_SIZE));
  }

  #take(count: number): Uint8Array<ArrayBuffer> {
    this.#expected = Math.max(
      count,
      Math.floor(this.#expected * FORGETTING),
    );
    if (this.#isReused || count > MAX_VIEW) {
      return new Uint8Array(this.#free.subarray(0, count));
    }
    this.#used += count;
    return count < this.#free.length
      ? this.#free.subarray(0, count)
      : this.#free;
  }
}

/** Returns whether the protocol provides its own buffer. */
function isBuffered(
  protocol: Protocol | BufferedProtocol,
): protocol is BufferedProtocol {
  return "getBuffer" in protocol;
}

function bufferOf(protocol: BufferedProtocol, sizeHint: number): Uint8Array {
  const buffer = protocol.getBuffer(sizeHint);
  if (!isInstance(buffer, Uint8Array)) {
    throw wrongType("The result of getBuffer()", "a Uint8Array", buffer);
  }
  if (buffer.length === 0) {
    throw new RuntimeError("getBuffer() returned an empty buffer");
  }
  return buffer;
}

type Chunk = Uint8Array<ArrayBuffer>;

/** Fills the buffer of a protocol that provides its own; returns the bytes that did not fit, `null` if all did. */
function fill(protocol: BufferedProtocol, data: Chunk): Chunk | null {
  const buffer = bufferOf(protocol, data.length);
  const count = Math.min(buffer.length, data.length);
  buffer.set(data.subarray(0, count));
  protocol.bufferUpdated(count);
  return count < data.length ? data.subarray(count) : null;
}

/** Delivers bytes to a protocol that has just begun to provide its own buffer. */
function copyInto(protocol: BufferedProtocol, data: Chunk): void {
  for (let rest: Chunk | null = data; rest !== null;) {
    rest = fill(protocol, rest);
  }
}

/** The receiving half of a transport: reads, and delivers to the protocol. */
export class ReadHalf<T> {
  readonly #source: ReadSource<T>;
  readonly #context: CallbackContext;
  readonly #owner: TransportOwner<StreamProtocol>;
  readonly #onEof: () => void;
  #isPaused = false;
  #isStopped = false;
  #isOver = false;
  #onResumed: (() => void) | null = null;
  #onDetached: ((remainder: Remainder) => void) | null = null;

  constructor(
    source: ReadSource<T>,
    context: CallbackContext,
    owner: TransportOwner<StreamProtocol>,
    onEof: () => void,
  ) {
    this.#source = source;
    this.#context = context;
    this.#owner = owner;
    this.#onEof = onEof;
  }

  get isReading(): boolean {
    return !this.#isPaused && !this.#isStopped;
  }

  /** Starts reading. Called once, in a step and in the callback context. */
  start(): void {
    void this.#receive();
  }

  pause(): void {
    if (!this.#isStopped) this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#wake();
  }

  /** Stops reading for good. */
  stop(): void {
    this.#isStopped = true;
    this.#isPaused = false;
    this.#wake();
  }

  /** Stops reading for good; returns the outcome of the pending read. */
  detach(): Promise<Remainder> {
    if (this.#isOver) return Promise.resolve(END);
    const remainder = new Promise<Remainder>((resolve) =>
      this.#onDetached = resolve
    );
    this.stop();
    return remainder;
  }

  /** Stays in the callback context throughout: entering it for each message would cost more. */
  async #receive(): Promise<void> {
    const { scheduler } = this.#context;
    const turn = new Turn(scheduler);
    let incoming: Incoming<T> | null = null;
    while (true) {
      if (this.#isPaused) await this.#resumed();
      if (this.#isStopped) break;
      await turn;
      let reading: Promise<T | null> | null = null;
      if (this.isReading) {
        if (incoming !== null) incoming = this.#deliver(incoming);
        if (incoming === null && this.isReading) reading = this.#read();
      }
      scheduler.proceed();
      if (this.#isOver) break;
      if (reading === null) continue;
      try {
        incoming = { value: await reading };
      } catch (error) {
        // A peer may end TLS without close_notify. asyncio treats that as the end of the stream, too.
        incoming = error instanceof errors.UnexpectedEof ? END : { error };
      }
    }
    this.#isOver = true;
    this.#onDetached?.(this.#remainderOf(incoming));
  }

  #read(): Promise<T | null> | null {
    try {
      return this.#source.read(this.#owner.protocol);
    } catch (error) {
      this.#owner.failFromProtocol("getBuffer", error);
      return null;
    }
  }

  /** Delivers the outcome of a read; returns what is left of it. */
  #deliver(incoming: Incoming<T>): Incoming<T> | null {
    if ("error" in incoming) {
      this.#isOver = true;
      this.#owner.fail(incoming.error);
      return incoming;
    }
    if (incoming.value === null) {
      this.#isOver = true;
      this.#onEof();
      return incoming;
    }
    const { protocol } = this.#owner;
    try {
      const rest = this.#source.deliver(incoming.value, protocol);
      return rest === null ? null : { value: rest };
    } catch (error) {
      this.#owner.failFromProtocol(
        isBuffered(protocol) ? "bufferUpdated" : "dataReceived",
        error,
      );
      return null;
    }
  }

  #remainderOf(incoming: Incoming<T> | null): Remainder {
    if (incoming === null) return NOTHING;
    if ("error" in incoming) return incoming;
    const { value } = incoming;
    return { value: value === null ? null : this.#source.release(value) };
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => this.#onResumed = resolve);
  }

  #wake(): void {
    this.#onResumed?.();
    this.#onResumed = null;
  }
}

/** The outcome of a read; `null` at the end of the stream. */
type Incoming<T> = Outcome<T | null>;

/** The bytes of the read that was pending when a read half was detached; `null` at the end of the stream. */
export type Remainder = Outcome<Uint8Array<ArrayBuffer> | null>;

const END = { value: null };
const NOTHING = { value: new Uint8Array(0) };

/** A source of chunks that belong to their receiver; `null` at the end. */
export interface ChunkReader {
  readChunk(): Promise<Uint8Array<ArrayBuffer> | null>;
}

/** Passes chunks on as they are. */
export class PassingSource implements ReadSource<Uint8Array<ArrayBuffer>> {
  readonly #reader: ChunkReader;

  constructor(reader: ChunkReader) {
    this.#reader = reader;
  }

  read(): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#reader.readChunk();
  }

  deliver(chunk: Chunk, protocol: StreamProtocol): Chunk | null {
    if (isBuffered(protocol)) return fill(protocol, chunk);
    protocol.dataReceived(chunk);
    return null;
  }

  release(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    return chunk;
  }
}

/** Returns whether a connection reads chunks of its own. */
export function readsChunks(conn: object): conn is ChunkReader {
  return "readChunk" in conn;
}
