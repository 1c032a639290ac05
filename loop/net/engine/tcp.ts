// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Throws unless the port is one, or 0. */
export function assertPort(port: unknown): void {
  if (
    typeof port === "number" && Number.isInteger(port) && port >= 0 &&
    port <= 65535
  ) return;
  throw new RangeError(
    `The port must be an integer from 0 to 65535: received ${port}`,
  );
}

/** Has small pieces of data sent at once, if the connection is one of TCP. */
export function setNoDelay(conn: Deno.Conn): void {
  if (!isTcp(conn)) return;
  try {
    conn.setNoDelay(true);
  } catch {
    // The peer is gone already; the first read will say so.
  }
}

/** Has the system notice peers that are gone without a word, if the connection is one of TCP. */
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
