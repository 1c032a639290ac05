// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TransportLink } from "../stream/types.ts";
import type { EncryptConn } from "./handshaker.ts";
import { tlsLink } from "./_tls_link.ts";
import { tlsError } from "./_tls_error.ts";
import type { ClientTls, ServerTls } from "./tls_settings.ts";

// A connection that is encrypted by Deno itself, and closed during the handshake, stays open until the peer
// closes it; and a listener leaves TCP_NODELAY off, which makes an echo of 64 KiB fifteen times slower. So
// this is for versions of Deno on which Node's code does not work.

/** The first version of Deno whose `node:tls` works over any stream. */
const FIRST_WITH_NODE_TLS = [2, 9] as const;

/** Throws unless Node's code encrypts here. */
export function assertNodeTls(): void {
  if (hasNodeTls()) return;
  throw new Deno.errors.NotSupported(
    `TLS with certificates of clients or without verification, over Unix sockets and by startTls() needs Deno ${
      FIRST_WITH_NODE_TLS.join(".")
    } or later: received ${Deno.version.deno}`,
  );
}

function hasNodeTls(): boolean {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  const [firstMajor, firstMinor] = FIRST_WITH_NODE_TLS;
  return major > firstMajor || (major === firstMajor && minor >= firstMinor);
}

/** Whether Deno itself has to encrypt the connection as a client, and can. */
export function isNativeClient(conn: Deno.Conn, tls: ClientTls): boolean {
  // Only Deno's own connections by TCP have that method.
  return !hasNodeTls() && "setNoDelay" in conn && tls.identity === null &&
    tls.verifiesCertificate;
}

/** Encrypts a TCP connection that nobody reads from, as a client. */
export function nativeClient(tls: ClientTls): EncryptConn {
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
      return await completeHandshake(tlsConn, tls);
    } catch (error) {
      throw tlsError(error, tls, remoteAddr);
    }
  };
}

/** Whether a listener of Deno's own has to encrypt, and can. */
export function isNativeServer(tls: ServerTls): boolean {
  return !hasNodeTls() && !tls.requestCert && tls.certificates.size === 0;
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
): (conn: Deno.TlsConn) => Promise<TransportLink> {
  return async (conn) => {
    const { remoteAddr } = conn;
    try {
      return await completeHandshake(conn, tls);
    } catch (error) {
      throw tlsError(error, tls, remoteAddr);
    }
  };
}

async function completeHandshake(
  conn: Deno.TlsConn,
  tls: ClientTls | ServerTls,
) {
  const { alpnProtocol } = await conn.handshake();
  const isClient = tls.side === "client";
  return tlsLink(conn, tls, {
    alpnProtocol,
    serverName: isClient ? tls.serverName : null,
    version: null,
    cipher: null,
    isAuthorized: isClient,
    peerCertificate: null,
  });
}
