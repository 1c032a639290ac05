// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { BufferedProtocol } from "../buffered_protocol.ts";
import type { Protocol } from "../protocol.ts";

/** What a transport over a stream of bytes serves. */
export type StreamProtocol = Protocol | BufferedProtocol;

/** What the halves of a transport need from the whole. */
export interface TransportOwner<P> {
  /** The protocol that is served at the moment. */
  protocol: P;
  /** The connection is broken. */
  fail(error: unknown): void;
  /** A method of the protocol threw, after which nothing can go on. */
  failFromProtocol(method: string, error: unknown): void;
  /** Something threw that leaves the connection as it is. */
  report(message: string, error: unknown): void;
}
