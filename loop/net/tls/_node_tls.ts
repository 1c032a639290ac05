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
import { type ConnDuplex, duplexOf, NodeTlsConn } from "./_node_tls_conn.ts";
import { tlsLink } from "./_tls_link.ts";
import { tlsError, verificationError } from "./_tls_error.ts";
import { assertNodeTls } from "./native_tls.ts";
import type { ClientTls, ServerTls } from "./tls_settings.ts";

/** Has Node not limit the time: we do. A timer of Deno 2.9's would keep each handshake that failed until it fires. */
const NO_TIMEOUT = -1;

const NOTHING = new Uint8Array(0);

/** Encrypts a connection of any kind, as a client. */
export function nodeClient(tls: ClientTls): EncryptConn {
  return async (conn) => {
    assertNodeTls();
    const { remoteAddr } = conn;
    const [tlsModule, { domainToASCII }, underlying] = await Promise.all([
      import("node:tls"),
      import("node:url"),
      duplexOf(conn),
    ]);
    const isAddress = tls.serverName === null || isIpAddress(tls.serverName);
    const socket = tlsModule.connect({
      socket: underlying.duplex,
      // Verified below, as an error of Node's does not tell the certificate.
      rejectUnauthorized: false,
      ...(tls.serverName === null ? {} : { host: tls.serverName }),
      // A name that is not ASCII would not be sent.
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

/** Encrypts a connection of any kind, as a server. */
export function nodeServer(tls: ServerTls): EncryptConn {
  return async (conn) => {
    assertNodeTls();
    const { remoteAddr } = conn;
    const { createServer } = await import("node:tls");
    const { identity, protocols, unread } = await choicesFor(tls, conn)
      .catch((error) => {
        throw tlsError(error, tls, remoteAddr);
      });
    const underlying = await duplexOf(unread);
    // A TLSSocket alone would take any certificate of the client's.
    const server = createServer({
      ...identity,
      allowHalfOpen: true,
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
      // Node only says that the peer hung up.
      reject(socket?.authorizationError ? refusal(socket, null) : error);
    });
    server.emit("connection", underlying.duplex);
    try {
      const [socket, tlsConn] = await Promise.race([
        promise,
        ended(underlying),
      ]);
      if (!isAcceptable(socket, tls)) throw refusal(socket, null);
      return tlsLink(tlsConn, tls, infoOf(socket, tls));
    } catch (error) {
      underlying.duplex.destroy();
      throw tlsError(error, tls, remoteAddr);
    }
  };
}

/** What the client shows, and whom it trusts beside the authorities that Deno does. */
function contextOf(
  tls: ClientTls,
  createSecureContext: typeof createSecureContextOfNode,
): SecureContext {
  const context = createSecureContext({ ...tls.identity });
  // As the option `ca` they would be in place of the others; and to name the others there too takes
  // 25 ms a connection.
  if (tls.caCerts.length > 0) context.context.addCACert(tls.caCerts.join("\n"));
  return context;
}

/** Node accepts whatever the client shows, if it may go without a certificate. */
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

/** Rejects at the end of the stream below, which Node does not tell of during a handshake. */
function ended({ duplex }: ConnDuplex): Promise<never> {
  return new Promise((_, reject) => {
    duplex.on("end", () => reject(new Deno.errors.UnexpectedEof()));
    duplex.on("error", reject);
  });
}

/** The error for a certificate that is not accepted. */
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

/** What the client asked for. Not in the types of Node's, which have it for a client alone. */
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

/** What a server answers to what a client asks for, and the connection to go on with. */
interface Choices {
  readonly identity: TlsCertificate;
  readonly protocols: readonly string[];
  readonly unread: Deno.Conn;
}

/**
 * Chooses the certificate for the name that the client asks for: Node would by a callback, and Deno 2.9 then
 * never lets go of a handshake that fails. Without a common protocol none is offered: Node would end the
 * handshake, where asyncio goes on without a protocol.
 */
async function choicesFor(
  { certificates, identity, alpnProtocols }: ServerTls,
  conn: Deno.Conn,
): Promise<Choices> {
  if (certificates.size === 0 && alpnProtocols.length === 0) {
    return { identity, protocols: alpnProtocols, unread: conn };
  }
  const { bytes, serverName, protocols } = await readClientHello(conn);
  const name = serverName?.toLowerCase() ?? "";
  const chosen = certificates.get(name) ??
    certificates.get(name.replace(/^[^.]*/, "*"));
  const sent = Promise.resolve();
  const hasCommon = alpnProtocols.some((each) => protocols.includes(each));
  return {
    identity: chosen ?? identity,
    protocols: hasCommon ? alpnProtocols : [],
    unread: new UpgradedConn(
      conn,
      bytes,
      Promise.resolve({ value: NOTHING }),
      sent,
    ),
  };
}

function protocolsOf(protocols: readonly string[]) {
  return protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] };
}

function isIpAddress(name: string): boolean {
  return name.includes(":") || /^[\d.]+$/.test(name);
}
