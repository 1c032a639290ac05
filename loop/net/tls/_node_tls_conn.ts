// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { RingBuffer } from "../../core/ring_buffer.ts";
import { interrupted, osErrorOf } from "../stream/failures.ts";
import { NodeConn } from "../stream/node_conn.ts";
import type { ChunkReader } from "../stream/passing_source.ts";
import { closeUnlessClosed } from "../stream/sockets.ts";
import { ownSocketOf } from "./_own_handle.ts";
import { connectionError } from "./_tls_error.ts";

// Makes Deno decode the source map of this module. Node reads the stack of an error as soon as it creates one, and
// Deno 2.9.6 panics if it has to decode a source map while no file descriptor is free.
void new Error().stack;

/** The number of received bytes from which a connection is paused. */
const HIGH_WATER = 64 * 1024;

/** A connection encrypted by `node:tls`. */
export class NodeTlsConn extends NodeConn implements ChunkReader {
  readonly #socket: TLSSocket;
  readonly #underlying: ConnDuplex;
  readonly #chunks = new RingBuffer<Uint8Array<ArrayBuffer>>();
  /** The rest of a chunk that was longer than the memory of a read. */
  #rest: Uint8Array<ArrayBuffer> | null = null;
  /** The number of bytes in the chunks. */
  #size = 0;
  #isPaused = false;
  #error: Error | null = null;
  #isOver = false;
  /** Settle the pending read. */
  #resolveRead: ResolveChunk | null = null;
  #failRead: Reject | null = null;
  /** Fail the pending write and the pending end, whose callbacks may not be called once the socket is closed. */
  #failWrite: Reject | null = null;
  #failEnd: Reject | null = null;

  /** Call this before data can arrive. */
  constructor(socket: TLSSocket, underlying: ConnDuplex) {
    super(socket, underlying.conn);
    this.#socket = socket;
    this.#underlying = underlying;
    socket.on("data", (data: Uint8Array<ArrayBuffer>) => {
      const { buffer, byteOffset, length } = data; // a Buffer, which is not quite a Uint8Array
      this.#receive(new Uint8Array(buffer, byteOffset, length));
    });
    const end = () => {
      this.#isOver = true;
      this.#endRead();
    };
    socket.on("end", end);
    socket.on("close", () => {
      if (!this.#isOver) this.#error ??= interrupted();
      end();
      const error = this.#error ?? interrupted();
      this.#failWrite?.(error);
      this.#failEnd?.(error);
    });
    socket.on("error", (error) => {
      this.#error ??= connectionError(error);
      this.#endRead();
    });
  }

  /** One write at a time: a closed socket fails only the last one. */
  override write(data: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      this.#failWrite = reject;
      this.#socket.write(data, (error) => {
        if (error) reject(this.#error ?? osErrorOf(error));
        else resolve(data.length);
      });
    });
  }

  override async closeWrite(): Promise<void> {
    await this.#underlying.flushed();
    await new Promise<void>((resolve, reject) => {
      this.#assertOpen();
      this.#failEnd = reject;
      this.#socket.end((error?: Error | null) => {
        if (error) reject(this.#error ?? osErrorOf(error));
        else resolve();
      });
    });
    await this.#underlying.flushed();
  }

  readChunk(): Promise<Uint8Array<ArrayBuffer> | null> {
    return new Promise(this.#take);
  }

  protected override async readAlone(
    memory: Uint8Array,
  ): Promise<number | null> {
    const chunk = await this.readChunk();
    if (chunk === null) return null;
    const count = Math.min(chunk.length, memory.length);
    memory.set(chunk.subarray(0, count));
    if (count < chunk.length) this.#rest = chunk.subarray(count);
    return count;
  }

  override ref(): void {
    this.#underlying.ref();
  }

  override unref(): void {
    this.#underlying.unref();
  }

  /** Takes a chunk as soon as there is one; `null` at the end. */
  readonly #take = (resolve: ResolveChunk, reject: Reject): void => {
    if (this.#rest !== null) {
      resolve(this.#rest);
      this.#rest = null;
    } else if (this.#chunks.size > 0) {
      const chunk = this.#chunks.take();
      this.#size -= chunk.length;
      resolve(chunk);
    } else if (this.#error !== null) reject(this.#error);
    else if (this.#isOver) resolve(null);
    else {
      this.#resolveRead = resolve;
      this.#failRead = reject;
      this.#resume();
    }
  };

  #receive(chunk: Uint8Array<ArrayBuffer>): void {
    const resolve = this.#resolveRead;
    this.#resolveRead = null;
    if (resolve !== null) {
      resolve(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > HIGH_WATER) this.#pause();
  }

  /** Ends the pending read, as nothing more is received. */
  #endRead(): void {
    const resolve = this.#resolveRead;
    this.#resolveRead = null;
    if (resolve !== null) this.#take(resolve, this.#failRead!);
  }

  #assertOpen(): void {
    if (this.#socket.destroyed) throw this.#error ?? interrupted();
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#underlying.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#underlying.resume();
  }
}

type Reject = (error: Error) => void;
type ResolveChunk = (chunk: Uint8Array<ArrayBuffer> | null) => void;

const READ_SIZE = 64 * 1024;
const NO_MEMORY = new Uint8Array(0);

/** A connection as a Node stream. */
export interface ConnDuplex {
  readonly conn: Deno.Conn;
  /** The Node stream, which owns the connection. */
  readonly duplex: Duplex;
  /** Whether the TLS socket must allow for half-closing from the start, or only after the handshake. */
  readonly allowHalfOpen: boolean;
  /** Waits until everything is written to the connection, or it is closed. */
  flushed(): Promise<void>;
  /** Pauses reading from the connection. */
  pause(): void;
  /** Resumes reading. */
  resume(): void;
  /** Keeps the program alive while the connection is open. */
  ref(): void;
  unref(): void;
}

/** Returns a Node stream on a socket handle of its own, if there can be one; `bytes` have been read already. */
export async function ownStreamOf(
  conn: Deno.Conn,
  bytes: Uint8Array = NO_MEMORY,
): Promise<ConnDuplex | null> {
  const own = await ownSocketOf(conn);
  if (own === null) return null;
  const { socket, handle } = own;
  if (bytes.length > 0) socket.unshift(bytes);
  socket.once("close", () => closeUnlessClosed(conn));
  return {
    conn,
    duplex: socket,
    allowHalfOpen: false,
    flushed: () => Promise.resolve(),
    // Not the socket: in Deno 2.9.6, TLS goes on to read from its handle.
    pause: () => handle.readStop(),
    resume: () => void (socket.destroyed || handle.readStart()),
    ref: () => void socket.ref(),
    unref: () => void socket.unref(),
  };
}

/** Creates a Node duplex stream over a connection. */
export async function duplexOf(conn: Deno.Conn): Promise<ConnDuplex> {
  const { Duplex } = await import("node:stream");
  let memory = new Uint8Array(READ_SIZE);
  let onWritten: (() => void) | null = null;
  let isPaused = false;
  let isWaiting = false;
  const read = () => {
    conn.read(memory).then(
      (count) => {
        if (duplex.destroyed) return;
        duplex.push(count === null ? null : memory.slice(0, count));
      },
      (error) => duplex.destroy(error),
    );
  };
  const duplex = new Duplex({
    allowHalfOpen: true,
    read() {
      if (isPaused) isWaiting = true;
      else read();
    },
    write(data: Uint8Array, _encoding, callback) {
      writeAll(conn, data).then(() => {
        callback();
        onWritten?.();
      }, callback);
    },
    final(callback) {
      conn.closeWrite().then(() => callback(), callback);
    },
    destroy(error, callback) {
      closeUnlessClosed(conn);
      // Released, as Deno 2.9.6 may retain failed handshakes forever.
      memory = NO_MEMORY;
      callback(error);
      onWritten?.();
    },
  });
  const drained = async () => {
    while (!duplex.destroyed && duplex.writableLength > 0) {
      await new Promise<void>((resolve) => onWritten = resolve);
    }
  };
  return {
    conn,
    duplex,
    allowHalfOpen: true,
    async flushed() {
      await drained();
      // Node writes some data one turn later.
      await new Promise((resolve) => setTimeout(resolve));
      await drained();
    },
    // Not the socket: in Deno 2.9.6, a paused socket over a stream loses the end of the stream if that arrives together
    // with data.
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      if (!isWaiting) return;
      isWaiting = false;
      read();
    },
    ref: () => conn.ref(),
    unref: () => conn.unref(),
  };
}

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) {
    rest = rest.subarray(await conn.write(rest));
  }
}
