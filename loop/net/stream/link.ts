// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { ExtraInfo } from "../extra_info.ts";

/** What a transport stands on: a connection, and what is known about it. */
export interface TransportLink {
  readonly conn: Deno.Conn;
  /** What `getExtraInfo()` tells beside the addresses and the connection itself. */
  readonly info?: ExtraInfo<Deno.Conn>;
  /**
   * How an encrypted connection is ended in order. Such a connection has no half-close: a link without
   * this can end one direction alone.
   */
  readonly tlsShutdown?: TlsShutdown;
}

/** The end of an encrypted connection. */
interface TlsShutdown {
  /** Tells the peer, once everything is sent, and waits until the peer has said so too. */
  run(): Promise<void>;
  /** How long, in seconds, closing may take, with the sending of what is buffered. */
  readonly timeout: number;
}
