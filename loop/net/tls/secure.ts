// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type CallbackContext, completionOf } from "../stream/callbacks.ts";
import type { Client } from "../stream/server_connection.ts";
import type { Link } from "../stream/link.ts";
import { Handshake, type Secure, type Way } from "./handshaker.ts";
import { nodeClient, nodeServer } from "./_node_tls.ts";
import {
  isNativeClient,
  isTlsConn,
  nativeClient,
  nativeServer,
} from "./native_tls.ts";
import type { ClientTls, ServerTls } from "./tls_settings.ts";

/** Encrypts a connection of this task's. Cancelled, and if it fails, it closes the connection. */
export async function secure(
  context: CallbackContext,
  conn: Deno.Conn,
  tls: ClientTls | ServerTls,
): Promise<Link> {
  const way = tls.side === "client" ? clientWay(conn, tls) : serverWay(tls);
  const handshake = new Handshake(context, conn, way);
  try {
    const link = await completionOf(context.scheduler, handshake.link);
    handshake.release();
    return link;
  } catch (error) {
    handshake.abort();
    throw error;
  }
}

/** How a client encrypts. */
export function clientWay(conn: Deno.Conn, tls: ClientTls): Way {
  const timeout = tls.handshakeTimeout;
  if (isNativeClient(conn, tls)) return { secure: nativeClient(tls), timeout };
  return { secure: nodeClient(tls), timeout };
}

/** How a server encrypts what its listener accepted, be it Deno's encrypting kind or not. */
export function serverWay(tls: ServerTls): Way {
  const native = nativeServer(tls);
  const node = nodeServer(tls);
  const secure: Secure = (conn, replace) =>
    isTlsConn(conn) ? native(conn) : node(conn, replace);
  return { secure, timeout: tls.handshakeTimeout };
}

/**
 * Encrypts a connection that a server accepted, and hands it on in an entry. One that fails is closed
 * and, as in asyncio, reported in debug mode only: anybody can make a server's handshakes fail.
 */
export function secureAccepted(
  context: CallbackContext,
  conn: Deno.Conn,
  way: Way,
  client: Client,
  welcome: (link: Link) => void,
): void {
  const { loop } = context.scheduler;
  const handshake = new Handshake(context, conn, way);
  client.occupy(handshake);
  const onSecure = (link: Link) => {
    handshake.release();
    if (handshake.isAborted) client.end();
    else welcome(link);
  };
  const onFailed = (exception: unknown) => {
    client.end();
    if (!loop.getDebug()) return;
    loop.callExceptionHandler({
      message: "The TLS handshake of a server failed",
      exception,
    });
  };
  context.run(() =>
    handshake.link.then(
      (link) => context.enqueue(() => onSecure(link)),
      (error) => context.enqueue(() => onFailed(error)),
    )
  );
}
