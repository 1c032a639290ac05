// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TLSSocket } from "node:tls";
import { closeUnlessClosed } from "../engine/close_unless_closed.ts";
import type { ConnDuplex } from "./_duplex_of_conn.ts";
import { osErrorOf } from "../engine/os_error.ts";
import { connectionError } from "./_tls_error.ts";

/**
 * A connection that Node's code encrypts.
 *
 * It is the stream below that is paused, and not the socket: of a socket that is paused, Deno 2.9 forgets
 * the end of the stream if that arrives together with data.
 */
export class NodeTlsConn implements Deno.Conn {
  readonly #socket: TLSSocket;
  readonly #below: ConnDuplex;
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  readonly #chunks: Uint8Array[] = [];
  #error: Error | null = null;
  #isOver = false;
  #wake: (() => void) | null = null;
  /** Ends the operations under way, whose callbacks need not come once the socket is closed. */
  readonly #calls = new Set<(error: Error) => void>();
  /** The last of the reads under way, each of which waits for the one before. */
  #lastRead: Promise<unknown> = Promise.resolve();

  /** To be called before data can arrive. */
  constructor(socket: TLSSocket, below: ConnDuplex) {
    this.#socket = socket;
    this.#below = below;
    this.localAddr = below.conn.localAddr;
    this.remoteAddr = below.conn.remoteAddr;
    socket.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      below.pause();
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

  read(memory: Uint8Array): Promise<number | null> {
    const read = this.#lastRead.then(() => this.#read(memory));
    this.#lastRead = read.catch(() => {});
    return read;
  }

  async write(data: Uint8Array): Promise<number> {
    await this.#call((callback) => this.#socket.write(data, callback));
    return data.length;
  }

  async closeWrite(): Promise<void> {
    await this.#flushed();
    await this.#call((callback) => this.#socket.end(callback));
    await this.#flushed();
  }

  close(): void {
    this.#socket.destroy();
    closeUnlessClosed(this.#below.conn);
  }

  ref(): void {
    this.#below.conn.ref();
  }

  unref(): void {
    this.#below.conn.unref();
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    throw new Deno.errors.NotSupported("readable is not supported here");
  }

  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    throw new Deno.errors.NotSupported("writable is not supported here");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #read(memory: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#error !== null) throw this.#error;
      if (this.#isOver) return null;
      this.#below.resume();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const chunk = this.#chunks[0]!;
    const count = Math.min(chunk.length, memory.length);
    memory.set(chunk.subarray(0, count));
    if (count < chunk.length) this.#chunks[0] = chunk.subarray(count);
    else this.#chunks.shift();
    return count;
  }

  /** Waits until everything is written, with what Node writes only a turn after the rest. */
  async #flushed(): Promise<void> {
    await this.#below.flushed();
    await new Promise((resolve) => setTimeout(resolve));
    await this.#below.flushed();
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

function interrupted(): Error {
  return new Deno.errors.Interrupted("The connection was closed");
}
