// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Secure } from "./_handshake.ts";
import type { Link } from "./_link.ts";
import { secureLink } from "./_secure_link.ts";
import { tlsError } from "./_tls_error.ts";
import type { ClientTls, ServerTls } from "./_tls_settings.ts";

/** Whether Deno itself can encrypt the connection as a client. */
export function isNativeClient(conn: Deno.Conn, tls: ClientTls): boolean {
  // Only Deno's own connections have it.
  return "setNoDelay" in conn && tls.identity === null &&
    tls.verifiesCertificate;
}

/** Encrypts a TCP connection that nobody reads from, as a client. */
export function nativeClient(tls: ClientTls): Secure {
  return async (conn, replace) => {
    const { remoteAddr } = conn;
    try {
      const tlsConn = await Deno.startTls(conn as Deno.TcpConn, {
        ...(tls.serverName === null ? {} : { hostname: tls.serverName }),
        caCerts: [...tls.caCerts],
        alpnProtocols: [...tls.alpnProtocols],
        unsafelyDisableHostnameVerification: !tls.verifiesHostname,
      });
      replace(tlsConn);
      return await shakeHands(tlsConn, tls);
    } catch (error) {
      throw tlsError(error, tls, remoteAddr);
    }
  };
}

/** Whether a listener of Deno's own can encrypt as the server is to. */
export function isNativeServer(tls: ServerTls): boolean {
  return !tls.requestCert && tls.certificates.size === 0;
}

/** What such a listener is told. */
export function nativeListenOptions({ identity, alpnProtocols }: ServerTls) {
  return { ...identity, alpnProtocols: [...alpnProtocols] };
}

/** Whether such a listener accepted the connection. */
export function isTlsConn(conn: Deno.Conn): conn is Deno.TlsConn {
  return "handshake" in conn;
}

/** Encrypts what such a listener accepted. */
export function nativeServer(
  tls: ServerTls,
): (conn: Deno.TlsConn) => Promise<Link> {
  return async (conn) => {
    const { remoteAddr } = conn;
    try {
      return await shakeHands(conn, tls);
    } catch (error) {
      throw tlsError(error, tls, remoteAddr);
    }
  };
}

async function shakeHands(conn: Deno.TlsConn, tls: ClientTls | ServerTls) {
  const { alpnProtocol } = await conn.handshake();
  const isClient = tls.side === "client";
  return secureLink(conn, tls, {
    alpnProtocol,
    serverName: isClient ? tls.serverName : null,
    version: null,
    cipher: null,
    isAuthorized: isClient,
    peerCertificate: null,
  });
}
