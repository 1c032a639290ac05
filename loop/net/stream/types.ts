// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { BufferedProtocol, Protocol } from "../protocols.ts";
import type { ExtraInfo } from "../extra_info.ts";

/** A protocol for a stream of bytes. */
export type StreamProtocol = Protocol | BufferedProtocol;

/** The connection below a transport, and its properties. */
export interface TransportLink {
  readonly conn: Deno.Conn;
  /** The values of `getExtraInfo()` in addition to the addresses and the connection. */
  readonly info?: ExtraInfo<Deno.Conn>;
  /** How TLS is shut down. A link that has this cannot be half-closed. */
  readonly tlsShutdown?: TlsShutdown;
}

interface TlsShutdown {
  /** Sends close_notify after all buffered data, and waits for the peer's. */
  run(): Promise<void>;
  /** The time limit of closing, in seconds, including the sending of buffered data. */
  readonly timeout: number;
}

/** The callbacks that the halves of a transport have into the transport. */
export interface TransportOwner<P> {
  /** The current protocol. */
  protocol: P;
  /** Ends the connection with an error. */
  fail(error: unknown): void;
  /** Ends the connection because a method of the protocol threw. */
  failFromProtocol(method: string, error: unknown): void;
  /** Reports an error that leaves the connection open. */
  report(message: string, error: unknown): void;
}

/** The source of a read half. */
export interface ReadSource<T> {
  /** Reads the next portion; `null` at the end of the stream. May call the protocol's `getBuffer()`. */
  read(protocol: StreamProtocol): Promise<T | null>;
  /** Delivers a portion to the protocol; returns what its buffer has no room for, `null` if there is nothing. */
  deliver(portion: T, protocol: StreamProtocol): T | null;
  /** Returns the bytes of a portion that is not delivered to a protocol. */
  release(portion: T): Uint8Array<ArrayBuffer>;
}

/** A transport, or a handshake that precedes one. */
export interface Closable {
  close(): void;
  abort(): void;
}
