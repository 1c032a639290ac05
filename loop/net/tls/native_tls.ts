// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TransportLink } from "../stream/types.ts";
import type { TlsInfo, TlsPeerCertificate } from "../tls_info.ts";
import type { ClientTls, ServerTls, TlsSettings } from "./tls_settings.ts";
import { messageOf, osErrorOf } from "../stream/failures.ts";
import type { EncryptConn } from "./handshaker.ts";

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

const UNTRUSTED =
  "its certificate is not signed by a trusted authority; caCerts can add one";
const NO_PROTOCOL = "the peer supports no protocol in alpnProtocols";

/** The meanings of the messages and codes of Deno and Node. */
const MEANINGS: readonly [
  RegExp,
  string | ((match: RegExpMatchArray) => string),
][] = [
  [
    /not valid for name "(.*?)"; certificate is only valid for (.*)/,
    ([, name, names]) =>
      `its certificate is not valid for ${name}, only for ${
        plainNames(names!)
      }`,
  ],
  [
    /not valid for name "(.*?)"/,
    ([, name]) => `its certificate is not valid for ${name}`,
  ],
  [/certificate expired/, "its certificate has expired"],
  [/not valid yet/i, "its certificate is not valid yet"],
  [/UnknownIssuer|UNABLE_TO|SELF_SIGNED/, UNTRUSTED],
  [/InvalidContentType|WRONG_VERSION_NUMBER/, "it does not speak TLS"],
  [
    /sent no certificates/,
    "it presented no certificate, which requestCert requires",
  ],
  [/NoApplicationProtocol|support any known protocol/, NO_PROTOCOL],
  [
    /fatal alert: CertificateRequired/,
    "it requires a certificate: cert and key",
  ],
  [
    /fatal alert: (UnknownCA|BadCertificate|CertificateUnknown|CertificateExpired)/,
    ([, alert]) => `it rejected the certificate (${alert})`,
  ],
  [/fatal alert: (\w+)/, ([, alert]) => `it rejected the handshake (${alert})`],
];

/** Returns the error of a failed handshake, with a helpful message and the original error as its cause. */
export function tlsError(
  error: unknown,
  tls: ClientTls | ServerTls,
  peer: Deno.Addr,
): Error {
  const what = tls.side === "server"
    ? `Cannot accept ${addressOf(peer)} by TLS`
    : tls.serverName === null
    ? `Cannot connect to ${addressOf(peer)} by TLS`
    : `Cannot connect to ${tls.serverName} at ${addressOf(peer)} by TLS`;
  if (isEnd(error)) {
    return new Deno.errors.ConnectionReset(
      `${what}: the peer closed the connection during the handshake`,
      { cause: error },
    );
  }
  return new Deno.errors.InvalidData(`${what}: ${meaningOf(error)}`, {
    cause: error,
  });
}

/** Returns the error of an encrypted connection: the peer may reject a certificate after the handshake. */
export function connectionError(error: unknown): Error {
  if (!codeOf(error).startsWith("ERR_SSL")) return osErrorOf(error);
  return new Deno.errors.InvalidData(
    `The peer ended the TLS connection: ${meaningOf(error)}`,
    { cause: error },
  );
}

function meaningOf(error: unknown): string {
  const original = `${codeOf(error)} ${messageOf(error)}`;
  for (const [pattern, meaning] of MEANINGS) {
    const match = original.match(pattern);
    if (match === null) continue;
    return typeof meaning === "string" ? meaning : meaning(match);
  }
  return messageOf(error);
}

/** Returns the error for a certificate that Node rejected, in Deno's words, which are more precise. */
export function verificationError(
  code: unknown,
  name: string | null,
  certificate: TlsPeerCertificate | null,
): Error {
  if (certificate !== null && Date.parse(certificate.validTo) < Date.now()) {
    return new Error("certificate expired");
  }
  if (certificate !== null && Date.parse(certificate.validFrom) > Date.now()) {
    return new Error("certificate not valid yet");
  }
  if (code !== "ERR_TLS_CERT_ALTNAME_INVALID") return new Error(String(code));
  return new Error(
    `certificate not valid for name "${name}"; certificate is only valid for ${
      certificate?.subjectAltName?.replaceAll(/DNS:|IP Address:/g, "")
    }`,
  );
}

function isEnd(error: unknown): boolean {
  return error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe || codeOf(error) === "ECONNRESET";
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Removes the wrappers from names such as `DnsName("localhost") or IpAddress(127.0.0.1)`. */
function plainNames(names: string): string {
  return names.replaceAll(/(?:DnsName|IpAddress)\("?(.*?)"?\)/g, "$1");
}

function addressOf(addr: Deno.Addr): string {
  if ("hostname" in addr) {
    const { hostname, port } = addr;
    return hostname.includes(":")
      ? `[${hostname}]:${port}`
      : `${hostname}:${port}`;
  }
  return "path" in addr && addr.path ? addr.path : "the peer";
}

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
