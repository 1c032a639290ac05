// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../scheduler.ts";
import { assertConn } from "../engine/assert_socket.ts";
import { assertNodeTls } from "../tls/assert_node_tls.ts";
import { CallbackContext } from "../engine/callback_context.ts";
import { establish } from "./_establish.ts";
import { assertFactory } from "../engine/assert_factory.ts";
import { assertCanEncrypt } from "../engine/network.ts";
import { setNoDelay } from "../engine/tcp.ts";
import type { TlsOptions } from "../tls_options.ts";
import { serverTlsOf } from "../tls/tls_settings.ts";
import type { Transport } from "../transport.ts";
import type { StreamProtocol } from "../engine/whole.ts";

/** The options of `loop.connectAcceptedSocket()`. */
export interface AcceptedSocketOptions {
  /** How the connection is encrypted, as by a server; not at all by default. */
  tls?: TlsOptions | undefined;
}

/** What `loop.connectAcceptedSocket()` does. */
export async function connectAccepted<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  conn: Deno.Conn,
  { tls }: AcceptedSocketOptions,
): Promise<[Transport, P]> {
  assertFactory("connectAcceptedSocket", protocolFactory);
  assertConn("conn", conn);
  const scheduler = schedulerOf(loop);
  if (tls) assertCanEncrypt("connectAcceptedSocket", scheduler);
  const settings = tls ? await serverTlsOf("connectAcceptedSocket", tls) : null;
  if (settings !== null) assertNodeTls();
  setNoDelay(conn);
  const context = new CallbackContext(scheduler);
  return await establish(context, conn, protocolFactory, settings);
}
