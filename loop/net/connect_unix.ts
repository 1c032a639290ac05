// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../event_loop.ts";
import { schedulerOf } from "../scheduler.ts";
import { assertConn, assertEither, assertUnix } from "./_assert_socket.ts";
import { CallbackContext } from "./_callback_context.ts";
import { completionOf } from "./_completion.ts";
import { establish } from "./_establish.ts";
import { assertFactory } from "./_tcp.ts";
import type { Transport } from "./transport.ts";
import { assertUnixPath, pathOf, unixError } from "./_unix.ts";
import type { StreamProtocol } from "./_whole.ts";

/** The options of `loop.createUnixConnection()`. */
export interface UnixConnectionOptions {
  /** An existing connection to use; the path is left out then. The transport closes it. */
  sock?: Deno.UnixConn | undefined;
  /** Whether the connection is encrypted. Not yet. */
  tls?: unknown;
}

/** What `loop.createUnixConnection()` does. */
export async function connectUnix<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  path: string | URL | null,
  options: UnixConnectionOptions,
): Promise<[Transport, P]> {
  assertFactory("createUnixConnection", protocolFactory);
  assertUnixPath("createUnixConnection", path);
  assertUnixConnectionOptions(path, options);
  const context = new CallbackContext(schedulerOf(loop));
  const conn = options.sock ?? await dialUnix(context, pathOf(path!));
  return await establish(context, { conn }, protocolFactory);
}

/** Cancelled, it closes a connection that is made all the same. */
async function dialUnix(
  { scheduler }: CallbackContext,
  path: string,
): Promise<Deno.Conn> {
  const operation = Deno.connect({ transport: "unix", path });
  const future = completionOf<Deno.Conn>(scheduler, operation);
  try {
    return await future;
  } catch (error) {
    operation.then((conn) => conn.close(), () => {});
    if (future.cancelled()) throw error;
    throw unixError("Cannot connect to the Unix socket", path, error);
  }
}

function assertUnixConnectionOptions(
  path: string | URL | null,
  { sock, tls }: UnixConnectionOptions,
): void {
  if (tls) throw new Deno.errors.NotSupported("tls is not supported yet");
  assertEither("a path", path !== null, sock);
  if (sock === undefined) return;
  assertConn("sock", sock);
  assertUnix("sock", sock.localAddr);
}
