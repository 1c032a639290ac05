// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Failure, type Rest } from "./_receiver.ts";

/** A connection that was another transport's, whose last read may have brought some bytes. */
export class HeirConn implements Deno.Conn {
  readonly #conn: Deno.Conn;
  #rest: Promise<Rest> | null;

  constructor(conn: Deno.Conn, rest: Promise<Rest>) {
    this.#conn = conn;
    this.#rest = rest;
  }

  get localAddr(): Deno.Addr {
    return this.#conn.localAddr;
  }

  get remoteAddr(): Deno.Addr {
    return this.#conn.remoteAddr;
  }

  async read(memory: Uint8Array): Promise<number | null> {
    while (this.#rest !== null) {
      const rest = await this.#rest;
      if (rest instanceof Failure) throw rest.error;
      if (rest === null) return null;
      if (rest.length === 0) {
        this.#rest = null;
        break;
      }
      const count = Math.min(rest.length, memory.length);
      memory.set(rest.subarray(0, count));
      this.#rest = Promise.resolve(rest.subarray(count));
      return count;
    }
    return await this.#conn.read(memory);
  }

  write(data: Uint8Array): Promise<number> {
    return this.#conn.write(data);
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  close(): void {
    this.#conn.close();
  }

  ref(): void {
    this.#conn.ref();
  }

  unref(): void {
    this.#conn.unref();
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#conn.readable;
  }

  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.#conn.writable;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
