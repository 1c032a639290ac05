// Copyright 2026 the asyncio for Deno authors. MIT license.

import { unwrap } from "../../core/outcome.ts";
import type { Remainder } from "./read_half.ts";

/** A connection that a transport has detached, with the data that the transport had read. */
export class UpgradedConn implements Deno.Conn {
  readonly #conn: Deno.Conn;
  #unread: Uint8Array;
  #remainder: Promise<Remainder> | null;
  readonly #sent: Promise<void>;

  /**
   * Reads return `unread` first, then the `remainder` of the transport's pending read, then data from the
   * connection. Writes wait until the transport's own data is `sent`.
   */
  constructor(
    conn: Deno.Conn,
    unread: Uint8Array,
    remainder: Promise<Remainder>,
    sent: Promise<void>,
  ) {
    this.#conn = conn;
    this.#unread = unread;
    this.#remainder = remainder;
    this.#sent = sent;
  }

  get localAddr(): Deno.Addr {
    return this.#conn.localAddr;
  }

  get remoteAddr(): Deno.Addr {
    return this.#conn.remoteAddr;
  }

  async read(memory: Uint8Array): Promise<number | null> {
    if (this.#unread.length === 0 && this.#remainder !== null) {
      const bytes = unwrap(await this.#remainder);
      if (bytes === null) return null;
      this.#remainder = null;
      this.#unread = bytes;
    }
    if (this.#unread.length === 0) return await this.#conn.read(memory);
    const count = Math.min(this.#unread.length, memory.length);
    memory.set(this.#unread.subarray(0, count));
    this.#unread = this.#unread.subarray(count);
    return count;
  }

  async write(data: Uint8Array): Promise<number> {
    await this.#sent;
    return await this.#conn.write(data);
  }

  async closeWrite(): Promise<void> {
    await this.#sent;
    await this.#conn.closeWrite();
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
