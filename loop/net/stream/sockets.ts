// Copyright 2026 the asyncio for Deno authors. MIT license.

import { keepLateConnection } from "../../core/deno_workarounds.ts";
import { RuntimeError } from "../../core/errors.ts";
import { errors } from "../../core/runtime.ts";
import type { BaseTransport } from "../transports.ts";
import type { Duplex } from "node:stream";

/** Disables Nagle's algorithm on TCP connections. */
export function setNoDelay(conn: Deno.Conn): void {
  if (!isTcp(conn)) return;
  try {
    conn.setNoDelay(true);
  } catch {
    // The peer has disconnected already; the first read will fail.
  }
}

/** Enables TCP keep-alive on TCP connections. */
export function setKeepAlive(conn: Deno.Conn): void {
  if (!isTcp(conn)) return;
  try {
    conn.setKeepAlive(true);
  } catch {
    // As above.
  }
}

function isTcp(conn: Deno.Conn): conn is Deno.TcpConn {
  return "setNoDelay" in conn && "setKeepAlive" in conn;
}

/** Connects by TCP. May resolve to a connection after `signal` has been aborted: the caller closes it. */
export function connectTcp(
  options: Deno.ConnectOptions,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  if (signal.aborted) return Promise.reject(signal.reason);
  keepLateConnection(signal);
  return Deno.connect({ ...options, signal });
}

/** The transports that use a connection or a socket. */
const claims = new WeakMap<object, BaseTransport>();

/** Registers a transport as the user of a socket. */
export function claim(socket: object, transport: BaseTransport): void {
  claims.set(socket, transport);
}

/** Throws if a transport uses the socket, since it would compete with the caller for the data. */
export function assertUnclaimed(method: string, socket: object): void {
  if (claims.get(socket)?.isClosing() ?? true) return;
  throw new RuntimeError(
    `${method}() cannot use a socket that is used by a transport`,
  );
}

/** Closes a resource unless it is closed. User code may have closed it through a transport or a server. */
export function closeUnlessClosed(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof errors.BadResource)) throw error;
  }
}

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
