// Copyright 2026 the asyncio for Deno authors. MIT license.

import type {
  createSecureContext as createSecureContextOfNode,
  PeerCertificate,
  SecureContext,
  TLSSocket,
} from "node:tls";
import { UpgradedConn } from "../stream/upgraded_conn.ts";
import type { TlsInfo, TlsPeerCertificate } from "../tls_info.ts";
import type { TlsCertificate } from "../tls_options.ts";
import { readClientHello } from "./_client_hello.ts";
import type { EncryptConn } from "./handshaker.ts";
import {
  type ConnDuplex,
  duplexOf,
  NodeTlsConn,
  ownStreamOf,
} from "./_node_tls_conn.ts";
import { tlsLink } from "./_tls_link.ts";
import { tlsError, verificationError } from "./_tls_error.ts";
import { assertNodeTls } from "./native_tls.ts";
import type { ClientTls, ServerTls } from "./tls_settings.ts";

/**
 * Disables Node's time limit, as the library has its own. In Deno 2.9.6, its timer retains each failed handshake
 * until it fires.
 */
const NO_TIMEOUT = -1;

const NOTHING = new Uint8Array(0);

/** Encrypts any connection as a client. */
export function nodeClient(tls: ClientTls): EncryptConn {
  return async (conn) => {
    assertNodeTls();
    const { remoteAddr } = conn;
    const [tlsModule, { domainToASCII }, underlying] = await Promise.all([
      import("node:tls"),
      import("node:url"),
      streamOver(conn),
    ]);
    const isAddress = tls.serverName === null || isIpAddress(tls.serverName);
    const socket = tlsModule.connect({
      socket: underlying.duplex,
      // Verified below, as Node's error does not have the certificate.
      rejectUnauthorized: false,
      ...(tls.serverName === null ? {} : { host: tls.serverName }),
      // Node does not send names that are not ASCII.
      ...(isAddress
        ? {}
        : { servername: domainToASCII(tls.serverName!) || tls.serverName! }),
      ...(tls.verifiesHostname ? {} : { checkServerIdentity: () => undefined }),
      secureContext: contextOf(tls, tlsModule.createSecureContext),
      ...protocolsOf(tls.alpnProtocols),
    });
    const tlsConn = new NodeTlsConn(socket, underlying);
    try {
      await Promise.race([connected(socket), ended(underlying)]);
      socket.allowHalfOpen = true;
      if (tls.verifiesCertificate && !socket.authorized) {
        throw refusal(socket, tls.serverName);
      }
      return tlsLink(tlsConn, tls, infoOf(socket, tls));
    } catch (error) {
      tlsConn.close();
      throw tlsError(error, tls, remoteAddr);
    }
  };
}

/** Encrypts any connection as a server. */
export function nodeServer(tls: ServerTls): EncryptConn {
  return async (conn) => {
    assertNodeTls();
    const { remoteAddr } = conn;
    const { createServer } = await import("node:tls");
    const { identity, protocols, bytes } = await choicesFor(tls, conn)
      .catch((error) => {
        throw tlsError(error, tls, remoteAddr);
      });
    const underlying = await streamOver(conn, bytes);
    // A TLSSocket alone does not verify client certificates.
    const server = createServer({
      ...identity,
      allowHalfOpen: underlying.allowHalfOpen,
      handshakeTimeout: NO_TIMEOUT,
      requestCert: tls.requestCert !== false,
      rejectUnauthorized: tls.requestCert === true && tls.verifiesCertificate,
      ...(tls.requestCert ? { ca: [...tls.caCerts] } : {}),
      ...protocolsOf(protocols),
    });
    const { promise, resolve, reject } = Promise.withResolvers<
      [TLSSocket, NodeTlsConn]
    >();
    server.on(
      "secureConnection",
      (socket) => resolve([socket, new NodeTlsConn(socket, underlying)]),
    );
    server.on("tlsClientError", (error, socket) => {
      // Node's error only says that the peer disconnected.
      reject(socket?.authorizationError ? refusal(socket, null) : error);
    });
    server.emit("connection", underlying.duplex);
    try {
      const [socket, tlsConn] = await Promise.race([
        promise,
        ended(underlying),
      ]);
      socket.allowHalfOpen = true;
      if (!isAcceptable(socket, tls)) throw refusal(socket, null);
      return tlsLink(tlsConn, tls, infoOf(socket, tls));
    } catch (error) {
      underlying.duplex.destroy();
      throw tlsError(error, tls, remoteAddr);
    }
  };
}

/** Returns a context with the client's certificate and additional trusted authorities. */
function contextOf(
  tls: ClientTls,
  createSecureContext: typeof createSecureContextOfNode,
): SecureContext {
  const context = createSecureContext({ ...tls.identity });
  // The option `ca` would replace the default authorities, and including those in it takes 25 ms for each
  // connection.
  if (tls.caCerts.length > 0) context.context.addCACert(tls.caCerts.join("\n"));
  return context;
}

/** Returns whether the client's certificate is acceptable. Node accepts any if certificates are optional. */
function isAcceptable(socket: TLSSocket, tls: ServerTls): boolean {
  if (!tls.requestCert || !tls.verifiesCertificate) return true;
  if (socket.authorized) return true;
  return tls.requestCert === "optional" && certificateOf(socket) === null;
}

function connected(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on("secureConnect", resolve);
    socket.on("error", reject);
    socket.on("close", () => reject(new Deno.errors.UnexpectedEof()));
  });
}

/** Rejects at the end of the underlying stream, which Node does not report during a handshake. */
function ended({ duplex }: ConnDuplex): Promise<never> {
  return new Promise((_, reject) => {
    duplex.on("end", () => reject(new Deno.errors.UnexpectedEof()));
    duplex.on("error", reject);
  });
}

/** Returns the error for a certificate that is not accepted. */
function refusal(socket: TLSSocket, name: string | null): Error {
  return verificationError(
    socket.authorizationError,
    name,
    certificateOf(socket),
  );
}

function infoOf(socket: TLSSocket, tls: ClientTls | ServerTls): TlsInfo {
  return {
    alpnProtocol: socket.alpnProtocol || null,
    serverName: tls.side === "client" ? tls.serverName : nameOf(socket),
    version: socket.getProtocol(),
    cipher: socket.getCipher()?.name ?? null,
    isAuthorized: socket.authorized && certificateOf(socket) !== null,
    peerCertificate: certificateOf(socket),
  };
}

/** Returns the server name that the client requested. Node's types have it for clients only. */
function nameOf(socket: TLSSocket): string | null {
  const name: unknown = Reflect.get(socket, "servername");
  return typeof name === "string" && name !== "" ? name : null;
}

function certificateOf(socket: TLSSocket): TlsPeerCertificate | null {
  const certificate: Partial<PeerCertificate> | null = socket
    .getPeerCertificate();
  if (!certificate?.raw) return null;
  return {
    subject: { ...certificate.subject } as TlsPeerCertificate["subject"],
    issuer: { ...certificate.issuer } as TlsPeerCertificate["issuer"],
    subjectAltName: certificate.subjectaltname ?? null,
    validFrom: certificate.valid_from!,
    validTo: certificate.valid_to!,
    fingerprint256: certificate.fingerprint256!,
    raw: new Uint8Array(certificate.raw),
  };
}

/** Returns a Node stream over a connection from which some bytes may have been read. */
async function streamOver(
  conn: Deno.Conn,
  bytes: Uint8Array = NOTHING,
): Promise<ConnDuplex> {
  const own = await ownStreamOf(conn, bytes);
  if (own !== null) return own;
  const unread = bytes.length === 0 ? conn : new UpgradedConn(
    conn,
    bytes,
    Promise.resolve({ value: NOTHING }),
    Promise.resolve(),
  );
  return duplexOf(unread);
}

/** The server's choices for a client. */
interface Choices {
  readonly identity: TlsCertificate;
  readonly protocols: readonly string[];
  /** The bytes that have been read from the connection. */
  readonly bytes: Uint8Array;
}

/**
 * Chooses the certificate for the requested server name. Node would call back for it, and Deno 2.9.6 then never
 * releases failed handshakes. If there is no common protocol, none is offered: Node would fail the handshake, while
 * asyncio continues without a protocol.
 */
async function choicesFor(
  { certificates, identity, alpnProtocols }: ServerTls,
  conn: Deno.Conn,
): Promise<Choices> {
  if (certificates.size === 0 && alpnProtocols.length === 0) {
    return { identity, protocols: alpnProtocols, bytes: NOTHING };
  }
  const { bytes, serverName, protocols } = await readClientHello(conn);
  const name = serverName?.toLowerCase() ?? "";
  const chosen = certificates.get(name) ??
    certificates.get(name.replace(/^[^.]*/, "*"));
  const hasCommon = alpnProtocols.some((each) => protocols.includes(each));
  return {
    identity: chosen ?? identity,
    protocols: hasCommon ? alpnProtocols : [],
    bytes,
  };
}

function protocolsOf(protocols: readonly string[]) {
  return protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] };
}

function isIpAddress(name: string): boolean {
  return name.includes(":") || /^[\d.]+$/.test(name);
}
