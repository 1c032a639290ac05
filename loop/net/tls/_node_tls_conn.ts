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
  /** The number of bytes in the chunks. */
  #size = 0;
  #isPaused = false;
  #error: Error | null = null;
  #isOver = false;
  #wake: (() => void) | null = null;
  /** The reject functions of pending operations, whose callbacks may not be called once the socket is closed. */
  readonly #calls = new Set<(error: Error) => void>();

  /** Call this before data can arrive. */
  constructor(socket: TLSSocket, underlying: ConnDuplex) {
    super(socket, underlying.conn);
    this.#socket = socket;
    this.#underlying = underlying;
    socket.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
      const { buffer, byteOffset, length } = chunk; // a Buffer, which is not quite a Uint8Array
      this.#chunks.push(new Uint8Array(buffer, byteOffset, length));
      this.#size += length;
      if (this.#size > HIGH_WATER) this.#pause();
      this.#wake?.();
    });
    const end = () => {
      this.#isOver = true;
      this.#wake?.();
    };
    socket.on("end", end);
    socket.on("close", () => {
      if (!this.#isOver) this.#error ??= interrupted();
      end();
      for (const fail of this.#calls) fail(this.#error ?? interrupted());
    });
    socket.on("error", (error) => {
      this.#error ??= connectionError(error);
      this.#wake?.();
    });
  }

  override async write(data: Uint8Array): Promise<number> {
    await this.#call((callback) => this.#socket.write(data, callback));
    return data.length;
  }

  override async closeWrite(): Promise<void> {
    await this.#underlying.flushed();
    await this.#call((callback) => this.#socket.end(callback));
    await this.#underlying.flushed();
  }

  async readChunk(): Promise<Uint8Array<ArrayBuffer> | null> {
    if (!await this.#received()) return null;
    const chunk = this.#chunks.take();
    this.#size -= chunk.length;
    return chunk;
  }

  protected override async readAlone(
    memory: Uint8Array,
  ): Promise<number | null> {
    if (!await this.#received()) return null;
    const chunk = this.#chunks.first!;
    const count = Math.min(chunk.length, memory.length);
    memory.set(chunk.subarray(0, count));
    if (count < chunk.length) this.#chunks.first = chunk.subarray(count);
    else this.#chunks.take();
    this.#size -= count;
    return count;
  }

  override ref(): void {
    this.#underlying.ref();
  }

  override unref(): void {
    this.#underlying.unref();
  }

  /** Waits for a chunk; returns whether there is one. */
  async #received(): Promise<boolean> {
    while (this.#chunks.size === 0) {
      if (this.#error !== null) throw this.#error;
      if (this.#isOver) return false;
      this.#resume();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return true;
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

  #call(
    operation: (callback: (error?: Error | null) => void) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) throw this.#error ?? interrupted();
      this.#calls.add(reject);
      operation((error) => {
        this.#calls.delete(reject);
        if (error) reject(this.#error ?? osErrorOf(error));
        else resolve();
      });
    });
  }
}

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
