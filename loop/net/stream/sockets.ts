// Copyright 2026 the asyncio for Deno authors. MIT license.

import { keepLateConnection } from "../../core/deno_workarounds.ts";
import { RuntimeError } from "../../core/errors.ts";
import { errors } from "../../core/runtime.ts";
import type { BaseTransport } from "../base_transport.ts";

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

/** Connects by TCP. May resolve to a connection after `signal` has been aborted: the caller closes it. */
export function connectTcp(
  options: Deno.ConnectOptions,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  if (signal.aborted) return Promise.reject(signal.reason);
  keepLateConnection(signal);
  return Deno.connect({ ...options, signal });
}

/** Which transport uses a connection or a socket. */
const claims = new WeakMap<object, BaseTransport>();

/** Says that a transport uses the socket from now on. */
export function claim(socket: object, transport: BaseTransport): void {
  claims.set(socket, transport);
}

/** Throws if a transport uses the socket: it would take what the caller waits for. */
export function assertUnclaimed(method: string, socket: object): void {
  if (claims.get(socket)?.isClosing() ?? true) return;
  throw new RuntimeError(
    `${method}() cannot use a socket that is used by a transport`,
  );
}

/** Closes it unless it is closed: whoever took it from a transport or a server may have done so. */
export function closeUnlessClosed(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof errors.BadResource)) throw error;
  }
}
