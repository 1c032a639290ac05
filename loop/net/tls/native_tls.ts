// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TransportLink } from "../stream/types.ts";
import type { EncryptConn } from "./handshaker.ts";
import { tlsLink } from "./_tls_link.ts";
import { tlsError } from "./_tls_error.ts";
import type { ClientTls, ServerTls } from "./tls_settings.ts";

// In Deno 2.9.6, a native TLS connection that is closed during the handshake stays open until the peer closes it,
// and the connections of a TLS listener use Nagle's algorithm, which makes an echo of 64 KiB fifteen times slower.
// Native TLS is therefore used only on versions whose `node:tls` does not work.

/** The first version of Deno whose `node:tls` works over any stream. */
const FIRST_WITH_NODE_TLS = [2, 9] as const;

/** Throws unless `node:tls` works. */
export function assertNodeTls(): void {
  if (hasNodeTls()) return;
  throw new Deno.errors.NotSupported(
    `TLS with client certificates, without verification, over Unix sockets or with startTls() requires Deno ${
      FIRST_WITH_NODE_TLS.join(".")
    } or later: received ${Deno.version.deno}`,
  );
}

function hasNodeTls(): boolean {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  const [firstMajor, firstMinor] = FIRST_WITH_NODE_TLS;
  return major > firstMajor || (major === firstMajor && minor >= firstMinor);
}

/** Returns whether native TLS must, and can, encrypt the connection as a client. */
export function isNativeClient(conn: Deno.Conn, tls: ClientTls): boolean {
  // Only Deno's own TCP connections have this method.
  return !hasNodeTls() && "setNoDelay" in conn && tls.identity === null &&
    tls.verifiesCertificate;
}

/** Encrypts a TCP connection as a client. It must have no pending read. */
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

/** Returns whether a native TLS listener must, and can, be used. */
export function isNativeServer(tls: ServerTls): boolean {
  return !hasNodeTls() && !tls.requestCert && tls.certificates.size === 0;
}

/** Returns the options of a native TLS listener. */
export function nativeListenOptions({ identity, alpnProtocols }: ServerTls) {
  return { ...identity, alpnProtocols: [...alpnProtocols] };
}

/** Returns whether the connection comes from a native TLS listener. */
export function isTlsConn(conn: Deno.Conn): conn is Deno.TlsConn {
  return "handshake" in conn;
}

/** Completes the handshake of a connection from a native TLS listener. */
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
