// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Socket } from "node:net";
import { readableEnv } from "../../core/runtime.ts";
import { hasMethods } from "../../core/validate.ts";

// `node:tls` is more than twice as fast on Node's own socket handle as on a stream that is written in JavaScript.
// Deno lets Node's handle use the socket of a connection, but has no public API for that. So a check at load shows
// whether Deno has what is used. Otherwise, and with ASYNCIO_TLS=stream in the environment, TLS works on such a stream
// and is only slower. Can be simplified when a `net.Socket` can be made of a `Deno.Conn`.

/** Node's handle of a TCP socket. */
interface Handle {
  /** Uses the socket of a Deno resource, which stays open; returns 0 if it can. */
  openFromRid(rid: number): number;
  readStart(): void;
  readStop(): void;
}

/** A Node socket, and its handle. */
interface OwnSocket {
  readonly socket: Socket;
  readonly handle: Handle;
}

/** The part of the binding that makes a socket. */
interface Binding {
  readonly TCP: new (type: number) => Handle;
  readonly Socket: new (options: { handle: Handle }) => Socket;
}

/** The type of a handle that is not a listener. */
const SOCKET = 0;

const METHODS = ["openFromRid", "readStart", "readStop"];

let binding: Binding | null | undefined;

/** Returns a Node socket that uses the socket of a TCP connection, which must stay open; `null` if there cannot be one. */
export async function ownSocketOf(
  conn: Deno.Conn,
): Promise<OwnSocket | null> {
  const rid = ridOf(conn);
  if (rid === null) return null;
  binding ??= await usableBinding();
  if (binding === null) return null;
  const { TCP, Socket } = binding;
  const handle = new TCP(SOCKET);
  if (handle.openFromRid(rid) !== 0) return null;
  return { socket: new Socket({ handle }), handle };
}

/** Returns Deno's id of a TCP connection. */
function ridOf(conn: Deno.Conn): number | null {
  if (!("setNoDelay" in conn)) return null;
  const symbol = Object.getOwnPropertySymbols(conn)
    .find(({ description }) => description === "Deno.internal.rid");
  const rid: unknown = symbol && Reflect.get(conn, symbol);
  return typeof rid === "number" ? rid : null;
}

/** Returns Node's binding, if it has what is used. */
async function usableBinding(): Promise<Binding | null> {
  if (readableEnv("ASYNCIO_TLS") === "stream") return null;
  const [{ default: process }, { Socket }] = await Promise.all([
    import("node:process"),
    import("node:net"),
  ]);
  try {
    // deno-lint-ignore no-explicit-any -- an internal of Node, which has no types
    const { TCP } = (process as any).binding("tcp_wrap");
    if (!hasMethods(new TCP(SOCKET), ...METHODS)) return null;
    return { TCP, Socket: Socket as unknown as Binding["Socket"] }; // the option `handle` has no type
  } catch {
    return null;
  }
}
