// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type CallbackContext, completionOf } from "../stream/callbacks.ts";
import type { ServerConnection } from "../stream/server_connection.ts";
import type { TransportLink } from "../stream/types.ts";
import {
  type EncryptConn,
  Handshake,
  type TlsHandshaker,
} from "./handshaker.ts";
import { nodeClient, nodeServer } from "./_node_tls.ts";
import {
  isNativeClient,
  isTlsConn,
  nativeClient,
  nativeServer,
} from "./native_tls.ts";
import type { ClientTls, ServerTls } from "./tls_settings.ts";

/** Encrypts a connection of this task's. Cancelled, and if it fails, it closes the connection. */
export async function encrypt(
  context: CallbackContext,
  conn: Deno.Conn,
  tls: ClientTls | ServerTls,
): Promise<TransportLink> {
  const handshaker = tls.side === "client"
    ? clientHandshaker(conn, tls)
    : serverHandshaker(tls);
  const handshake = new Handshake(context, conn, handshaker);
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
export function clientHandshaker(
  conn: Deno.Conn,
  tls: ClientTls,
): TlsHandshaker {
  const timeout = tls.handshakeTimeout;
  if (isNativeClient(conn, tls)) return { encrypt: nativeClient(tls), timeout };
  return { encrypt: nodeClient(tls), timeout };
}

/** How a server encrypts what its listener accepted, be it Deno's encrypting kind or not. */
export function serverHandshaker(tls: ServerTls): TlsHandshaker {
  const native = nativeServer(tls);
  const node = nodeServer(tls);
  const encrypt: EncryptConn = (conn, replace) =>
    isTlsConn(conn) ? native(conn) : node(conn, replace);
  return { encrypt, timeout: tls.handshakeTimeout };
}

/**
 * Encrypts a connection that a server accepted, and hands it on in an entry. One that fails is closed
 * and, as in asyncio, reported in debug mode only: anybody can make a server's handshakes fail.
 */
export function encryptAccepted(
  context: CallbackContext,
  conn: Deno.Conn,
  handshaker: TlsHandshaker,
  connection: ServerConnection,
  onAccepted: (link: TransportLink) => void,
): void {
  const { loop } = context.scheduler;
  const handshake = new Handshake(context, conn, handshaker);
  connection.replaceCurrent(handshake);
  const onSecure = (link: TransportLink) => {
    handshake.release();
    if (handshake.isAborted) connection.end();
    else onAccepted(link);
  };
  const onFailed = (exception: unknown) => {
    connection.end();
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
