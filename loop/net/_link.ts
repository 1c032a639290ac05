// Copyright 2026 the asyncio for Deno authors. MIT license.

/** What a transport stands on: a connection, and what is known about it. */
export interface Link {
  readonly conn: Deno.Conn;
  /** What `getExtraInfo()` tells beside the addresses and the connection itself. */
  readonly info?: Readonly<Record<string, unknown>>;
  /**
   * Ends an encrypted connection in order, once everything is sent. Such a connection has no half-close:
   * a link without this can end one direction alone.
   */
  readonly sayGoodbye?: () => Promise<void>;
}
