// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Duplex } from "node:stream";
import { closeUnlessClosed } from "./sockets.ts";

/** The connection below a Node stream. */
export type UnderlyingConn = Pick<
  Deno.Conn,
  "localAddr" | "remoteAddr" | "close" | "ref" | "unref"
>;

/** A Node stream as a `Deno.Conn`. */
export abstract class NodeConn implements Deno.Conn {
  readonly #stream: Duplex;
  readonly #underlying: UnderlyingConn;
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  /** The last pending read. Each read waits for the one before. */
  #lastRead: Promise<unknown> = Promise.resolve();

  /** Takes ownership of `underlying`: closing the stream closes it. */
  constructor(stream: Duplex, underlying: UnderlyingConn) {
    this.#stream = stream;
    this.#underlying = underlying;
    this.localAddr = underlying.localAddr;
    this.remoteAddr = underlying.remoteAddr;
  }

  /** Reads while no other read is pending. */
  protected abstract readAlone(memory: Uint8Array): Promise<number | null>;

  abstract write(data: Uint8Array): Promise<number>;

  abstract closeWrite(): Promise<void>;

  read(memory: Uint8Array): Promise<number | null> {
    const read = this.#lastRead.then(() => this.readAlone(memory));
    this.#lastRead = read.catch(() => {});
    return read;
  }

  close(): void {
    this.#stream.destroy();
    closeUnlessClosed(this.#underlying);
  }

  ref(): void {
    this.#underlying.ref();
  }

  unref(): void {
    this.#underlying.unref();
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    throw new Deno.errors.NotSupported(
      "readable is not supported by this connection",
    );
  }

  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    throw new Deno.errors.NotSupported(
      "writable is not supported by this connection",
    );
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
