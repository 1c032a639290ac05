// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TransportLink } from "../stream/types.ts";
import type { TlsInfo } from "../tls_info.ts";
import type { TlsSettings } from "./tls_settings.ts";

/** The size of the buffer for data that is discarded during the shutdown. */
const DISCARDED_SIZE = 16 * 1024;

/** Returns the link of an encrypted connection. */
export function tlsLink(
  conn: Deno.Conn,
  settings: TlsSettings,
  info: TlsInfo,
): TransportLink {
  return {
    conn,
    info: {
      sslcontext: settings.options,
      sslobject: info,
      ssl_object: info,
      peercert: info.peerCertificate,
      cipher: info.cipher,
    },
    tlsShutdown: {
      run: () => shutDownTls(conn),
      timeout: settings.shutdownTimeout,
    },
  };
}

/** Sends close_notify and waits for the peer's. */
async function shutDownTls(conn: Deno.Conn): Promise<void> {
  // A failure means that the connection is lost, which reading reports.
  await conn.closeWrite().catch(() => {});
  const discarded = new Uint8Array(DISCARDED_SIZE);
  try {
    while (await conn.read(discarded) !== null);
  } catch (error) {
    // The peer closed the connection without close_notify.
    if (!(error instanceof Deno.errors.UnexpectedEof)) throw error;
  }
}
