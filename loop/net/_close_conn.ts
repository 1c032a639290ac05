// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Closes a connection, unless it is closed: whoever took it from a transport may have done so. */
export function closeConn(conn: Pick<Deno.Conn, "close">): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
