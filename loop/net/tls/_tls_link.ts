// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TransportLink } from "../stream/types.ts";
import type { TlsInfo } from "../tls_info.ts";
import type { TlsSettings } from "./tls_settings.ts";

/** How much is read at a time of what the peer sends when nobody wants it any more. */
const DISCARDED_SIZE = 16 * 1024;

/** What a transport stands on whose connection is encrypted. */
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

/** Tells the peer that nothing follows, and waits until it has said so too. */
async function shutDownTls(conn: Deno.Conn): Promise<void> {
  // If it fails the connection is gone, which reading will tell.
  await conn.closeWrite().catch(() => {});
  const discarded = new Uint8Array(DISCARDED_SIZE);
  try {
    while (await conn.read(discarded) !== null);
  } catch (error) {
    // The peer went without a word, but it went.
    if (!(error instanceof Deno.errors.UnexpectedEof)) throw error;
  }
}
