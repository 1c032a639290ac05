// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../event_loop.ts";
import { schedulerOf } from "../scheduler.ts";
import { assertConn, assertEither } from "./_assert_socket.ts";
import { CallbackContext } from "./_callback_context.ts";
import { completionOf } from "./_completion.ts";
import type { StreamProtocol } from "./_whole.ts";
import { establish } from "./_establish.ts";
import { assertFactory, assertPort, setNoDelay } from "./_tcp.ts";
import type { Transport } from "./transport.ts";

/** The options of `loop.createConnection()`. */
export interface ConnectionOptions {
  /** An existing connection to use; host and port are left out then. The transport closes it. */
  sock?: Deno.Conn | undefined;
  /** How long, in seconds, an address is tried before the next one is tried beside it. */
  happyEyeballsDelay?: number | null | undefined;
  /** The address to connect from. Deno cannot yet. */
  localAddr?: Deno.NetAddr | undefined;
  /** Whether the connection is encrypted. Not yet. */
  tls?: unknown;
}

/** What `loop.createConnection()` does. */
export async function connect<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  host: string | null,
  port: number | null,
  options: ConnectionOptions,
): Promise<[Transport, P]> {
  assertFactory("createConnection", protocolFactory);
  assertConnectionOptions(host, port, options);
  const context = new CallbackContext(schedulerOf(loop));
  const conn = options.sock ??
    await connectTcp(context, host || "localhost", port!, options);
  setNoDelay(conn);
  return await establish(context, { conn }, protocolFactory);
}

/** Cancelled, it gives the attempt up, and closes a connection that was made all the same. */
async function connectTcp(
  { scheduler }: CallbackContext,
  hostname: string,
  port: number,
  { happyEyeballsDelay }: ConnectionOptions,
): Promise<Deno.Conn> {
  const abortion = new AbortController();
  const operation = Deno.connect({
    hostname,
    port,
    signal: abortion.signal,
    ...(happyEyeballsDelay == null
      ? {}
      : { autoSelectFamilyAttemptDelay: happyEyeballsDelay * 1000 }),
  });
  const future = completionOf(scheduler, operation);
  try {
    return await future;
  } catch (error) {
    abortion.abort();
    operation.then((conn) => conn.close(), () => {});
    throw error;
  }
}

function assertConnectionOptions(
  host: string | null,
  port: number | null,
  { sock, happyEyeballsDelay, localAddr, tls }: ConnectionOptions,
): void {
  if (tls) throw new Deno.errors.NotSupported("tls is not supported yet");
  if (localAddr !== undefined) {
    throw new Deno.errors.NotSupported(
      "localAddr is not supported: Deno.connect() chooses the address itself",
    );
  }
  assertEither("a host and a port", host !== null || port !== null, sock);
  if (sock !== undefined) {
    assertConn("sock", sock);
    return;
  }
  assertPort(port);
  if (happyEyeballsDelay != null && !(happyEyeballsDelay >= 0)) {
    throw new RangeError(
      `happyEyeballsDelay must be a number of seconds: received ${happyEyeballsDelay}`,
    );
  }
}
