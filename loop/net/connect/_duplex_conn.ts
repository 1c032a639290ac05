// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Duplex } from "node:stream";
import { closeUnlessClosed } from "../engine/close_unless_closed.ts";
import { osErrorOf } from "../engine/os_error.ts";

const NOTHING = new Uint8Array(0);

/** What a stream of Node's stands on. */
export type Below = Pick<
  Deno.Conn,
  "localAddr" | "remoteAddr" | "close" | "ref" | "unref"
>;

/** A stream of Node's, over a connection, as Deno has it. */
export class DuplexConn implements Deno.Conn {
  readonly #duplex: Duplex;
  readonly #below: Below;
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  #unread: Uint8Array = NOTHING;
  #error: Error | null = null;
  #isOver = false;
  #wake: (() => void) | null = null;
  /** The last read of those that wait, each for the one before. */
  #lastRead: Promise<unknown> = Promise.resolve();

  /** The connection below is closed together with the stream. */
  constructor(duplex: Duplex, below: Below) {
    this.#duplex = duplex;
    this.#below = below;
    this.localAddr = below.localAddr;
    this.remoteAddr = below.remoteAddr;
    const wake = () => this.#wake?.();
    const end = () => {
      this.#isOver = true;
      wake();
    };
    duplex.on("readable", wake);
    duplex.on("end", end);
    duplex.on("close", () => {
      if (!this.#isOver) this.#error ??= interrupted();
      end();
    });
    duplex.on("error", (error) => {
      this.#error ??= osErrorOf(error);
      wake();
    });
  }

  read(memory: Uint8Array): Promise<number | null> {
    const read = this.#lastRead.then(() => this.#read(memory));
    this.#lastRead = read.catch(() => {});
    return read;
  }

  write(data: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#duplex.write(data, (error) => {
        if (error) reject(this.#error ?? osErrorOf(error));
        else resolve(data.length);
      });
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve, reject) => {
      const callback = (error?: Error | null) => {
        if (error) reject(this.#error ?? osErrorOf(error));
        else resolve();
      };
      this.#duplex.end(callback);
    });
  }

  close(): void {
    this.#duplex.destroy();
    closeUnlessClosed(this.#below);
  }

  ref(): void {
    this.#below.ref();
  }

  unref(): void {
    this.#below.unref();
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
    while (this.#unread.length === 0) {
      const chunk: Uint8Array | null = this.#duplex.read();
      if (chunk !== null) this.#unread = chunk;
      else if (this.#error !== null) throw this.#error;
      else if (this.#isOver) return null;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const count = Math.min(this.#unread.length, memory.length);
    memory.set(this.#unread.subarray(0, count));
    this.#unread = this.#unread.subarray(count);
    return count;
  }
}

function interrupted(): Error {
  return new Deno.errors.Interrupted("The connection was closed");
}
