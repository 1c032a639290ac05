// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Socket } from "node:net";
import { readableEnv } from "../../core/runtime.ts";
import { hasMethods } from "../../core/validate.ts";
import type { Duplex } from "node:stream";
import type {
  createSecureContext as createSecureContextOfNode,
  PeerCertificate,
  SecureContext,
  TLSSocket,
} from "node:tls";
import { RingBuffer } from "../../core/ring_buffer.ts";
import { interrupted, osErrorOf } from "../stream/failures.ts";
import { closeUnlessClosed, NodeConn } from "../stream/sockets.ts";
import type { ChunkReader } from "../stream/read_half.ts";
import {
  assertNodeTls,
  connectionError,
  tlsError,
  tlsLink,
  verificationError,
} from "./native_tls.ts";
import { UpgradedConn } from "../stream/upgraded_conn.ts";
import type { TlsInfo, TlsPeerCertificate } from "../tls_info.ts";
import type { TlsCertificate } from "../tls_options.ts";
import type { EncryptConn } from "./handshaker.ts";
import type { ClientTls, ServerTls } from "./tls_settings.ts";

const HELLO_READ_SIZE = 4 * 1024;
/** The maximum length, which no genuine message reaches. Longer ones are handled as if they had no server name. */
const MAX_LENGTH = 16 * 1024;

const decoder = new TextDecoder();

const RECORD_HEADER = 5;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const PROTOCOLS = 16;

/** The first message of a client, and the parsed extensions. */
interface ClientHello {
  readonly bytes: Uint8Array;
  /** The requested server name (SNI); `null` if there is none, or if this is not TLS. */
  readonly serverName: string | null;
  /** The offered application protocols (ALPN); empty if there are none. */
  readonly protocols: readonly string[];
}

/** Reads the first message of a client. */
export async function readClientHello(
  conn: Pick<Deno.Conn, "read">,
): Promise<ClientHello> {
  let bytes = new Uint8Array(0);
  const memory = new Uint8Array(HELLO_READ_SIZE);
  while (bytes.length < MAX_LENGTH) {
    const count = await conn.read(memory);
    if (count === null) break;
    const longer = new Uint8Array(bytes.length + count);
    longer.set(bytes);
    longer.set(memory.subarray(0, count), bytes.length);
    bytes = longer;
    const message = messageIn(bytes);
    if (message === "incomplete") continue;
    const extensions = message === null ? NONE : extensionsIn(message);
    return {
      bytes,
      serverName: serverNameIn(extensions.get(SERVER_NAME)),
      protocols: protocolsIn(extensions.get(PROTOCOLS)),
    };
  }
  return { bytes, serverName: null, protocols: [] };
}

/** Returns the ClientHello in one or more records; `null` if they contain something else. */
function messageIn(bytes: Uint8Array): DataView | null | "incomplete" {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let rest = bytes; rest.length > 0;) {
    if (rest[0] !== HANDSHAKE) return null;
    if (rest.length < RECORD_HEADER) break;
    const end = RECORD_HEADER + (rest[3]! << 8 | rest[4]!);
    if (rest.length < end) break;
    parts.push(rest.subarray(RECORD_HEADER, end));
    length += end - RECORD_HEADER;
    rest = rest.subarray(end);
  }
  const message = new Uint8Array(length);
  let filled = 0;
  for (const part of parts) {
    message.set(part, filled);
    filled += part.length;
  }
  if (length < 4) return "incomplete";
  if (message[0] !== CLIENT_HELLO) return null;
  const end = 4 + (message[1]! << 16 | message[2]! << 8 | message[3]!);
  return length < end ? "incomplete" : new DataView(message.buffer, 0, end);
}

/** The extensions of a message, by type. */
type Extensions = ReadonlyMap<number, DataView>;

const NONE: Extensions = new Map();

function extensionsIn(message: DataView): Extensions {
  const extensions = new Map<number, DataView>();
  return unlessMalformed(extensions, () => {
    // Follow the length, the version and the random bytes: session id, cipher suites, compression methods.
    let at = 4 + 2 + 32;
    at += 1 + message.getUint8(at);
    at += 2 + message.getUint16(at);
    at += 1 + message.getUint8(at);
    const end = at + 2 + message.getUint16(at);
    for (at += 2; at < end;) {
      const length = message.getUint16(at + 2);
      extensions.set(message.getUint16(at), partOf(message, at + 4, length));
      at += 4 + length;
    }
    return extensions;
  });
}

function serverNameIn(extension: DataView | undefined): string | null {
  if (extension === undefined) return null;
  return unlessMalformed(null, () => {
    if (extension.getUint8(2) !== HOST_NAME) return null;
    return textOf(partOf(extension, 5, extension.getUint16(3)));
  });
}

function protocolsIn(extension: DataView | undefined): readonly string[] {
  if (extension === undefined) return [];
  return unlessMalformed([], () => {
    const protocols: string[] = [];
    for (let at = 2; at < extension.byteLength;) {
      const length = extension.getUint8(at);
      protocols.push(textOf(partOf(extension, at + 1, length)));
      at += 1 + length;
    }
    return protocols;
  });
}

/** Returns the result of `read`, or `otherwise` if the bytes are malformed, which the handshake will report. */
function unlessMalformed<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return otherwise;
    throw error;
  }
}

/** Returns a part of a view; throws a `RangeError` if it exceeds the end. */
function partOf(view: DataView, start: number, length: number): DataView {
  if (start + length > view.byteLength) throw new RangeError("Cut off");
  return new DataView(view.buffer, view.byteOffset + start, length);
}

function textOf(view: DataView): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return decoder.decode(bytes);
}

// `node:tls` is more than twice as fast on Node's own socket handle as on a stream that is written in JavaScript.
// Deno lets Node's handle use the socket of a connection, but has no public API for that. So a check at load shows
// whether Deno has what is used. Otherwise, and with ASYNCIO_TLS=stream in the environment, TLS works on such a stream
// and is only slower. Can be simplified when a `net.Socket` can be made of a `Deno.Conn`.

/** Node's handle of a TCP socket. */
interface Handle {
  /** Uses the socket of a Deno resource, which stays open; returns 0 if it can. */
  openFromRid(rid: number): number;
  readStart(): void;
  readStop(): void;
}

/** A Node socket, and its handle. */
interface OwnSocket {
  readonly socket: Socket;
  readonly handle: Handle;
}

/** The part of the binding that makes a socket. */
interface Binding {
  readonly TCP: new (type: number) => Handle;
  readonly Socket: new (options: { handle: Handle }) => Socket;
}

/** The type of a handle that is not a listener. */
const SOCKET = 0;

const METHODS = ["openFromRid", "readStart", "readStop"];

let binding: Binding | null | undefined;

/** Returns a Node socket that uses the socket of a TCP connection, which must stay open; `null` if there cannot be one. */
export async function ownSocketOf(
  conn: Deno.Conn,
): Promise<OwnSocket | null> {
  const rid = ridOf(conn);
  if (rid === null) return null;
  binding ??= await usableBinding();
  if (binding === null) return null;
  const { TCP, Socket } = binding;
  const handle = new TCP(SOCKET);
  if (handle.openFromRid(rid) !== 0) return null;
  return { socket: new Socket({ handle }), handle };
}

/** Returns Deno's id of a TCP connection. */
function ridOf(conn: Deno.Conn): number | null {
  if (!("setNoDelay" in conn)) return null;
  const symbol = Object.getOwnPropertySymbols(conn)
    .find(({ description }) => description === "Deno.internal.rid");
  const rid: unknown = symbol && Reflect.get(conn, symbol);
  return typeof rid === "number" ? rid : null;
}

/** Returns Node's binding, if it has what is used. */
async function usableBinding(): Promise<Binding | null> {
  if (readableEnv("ASYNCIO_TLS") === "stream") return null;
  const [{ default: process }, { Socket }] = await Promise.all([
    import("node:process"),
    import("node:net"),
  ]);
  try {
    // deno-lint-ignore no-explicit-any -- an internal of Node, which has no types
    const { TCP } = (process as any).binding("tcp_wrap");
    if (!hasMethods(new TCP(SOCKET), ...METHODS)) return null;
    return { TCP, Socket: Socket as unknown as Binding["Socket"] }; // the option `handle` has no type
  } catch {
    return null;
  }
}

// Makes Deno decode the source map of this module. Node reads the stack of an error as soon as it creates one, and
// Deno 2.9.6 panics if it has to decode a source map while no file descriptor is free.
void new Error().stack;

/** The number of received bytes from which a connection is paused. */
const HIGH_WATER = 64 * 1024;

/** A connection encrypted by `node:tls`. */
class NodeTlsConn extends NodeConn implements ChunkReader {
  readonly #socket: TLSSocket;
  readonly #underlying: ConnDuplex;
  readonly #chunks = new RingBuffer<Uint8Array<ArrayBuffer>>();
  /** The rest of a chunk that was longer than the memory of a read. */
  #rest: Uint8Array<ArrayBuffer> | null = null;
  /** The number of bytes in the chunks. */
  #size = 0;
  #isPaused = false;
  #error: Error | null = null;
  #isOver = false;
  /** Settle the pending read. */
  #resolveRead: ResolveChunk | null = null;
  #failRead: Reject | null = null;
  /** Fail the pending write and the pending end, whose callbacks may not be called once the socket is closed. */
  #failWrite: Reject | null = null;
  #failEnd: Reject | null = null;

  /** Call this before data can arrive. */
  constructor(socket: TLSSocket, underlying: ConnDuplex) {
    super(socket, underlying.conn);
    this.#socket = socket;
    this.#underlying = underlying;
    socket.on("data", (data: Uint8Array<ArrayBuffer>) => {
      const { buffer, byteOffset, length } = data; // a Buffer, which is not quite a Uint8Array
      this.#receive(new Uint8Array(buffer, byteOffset, length));
    });
    const end = () => {
      this.#isOver = true;
      this.#endRead();
    };
    socket.on("end", end);
    socket.on("close", () => {
      if (!this.#isOver) this.#error ??= interrupted();
      end();
      const error = this.#error ?? interrupted();
      this.#failWrite?.(error);
      this.#failEnd?.(error);
    });
    socket.on("error", (error) => {
      this.#error ??= connectionError(error);
      this.#endRead();
    });
  }

  /** One write at a time: a closed socket fails only the last one. */
  override write(data: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      this.#failWrite = reject;
      this.#socket.write(data, (error) => {
        if (error) reject(this.#error ?? osErrorOf(error));
        else resolve(data.length);
      });
    });
  }

  override async closeWrite(): Promise<void> {
    await this.#underlying.flushed();
    await new Promise<void>((resolve, reject) => {
      this.#assertOpen();
      this.#failEnd = reject;
      this.#socket.end((error?: Error | null) => {
        if (error) reject(this.#error ?? osErrorOf(error));
        else resolve();
      });
    });
    await this.#underlying.flushed();
  }

  readChunk(): Promise<Uint8Array<ArrayBuffer> | null> {
    return new Promise(this.#take);
  }

  protected override async readAlone(
    memory: Uint8Array,
  ): Promise<number | null> {
    const chunk = await this.readChunk();
    if (chunk === null) return null;
    const count = Math.min(chunk.length, memory.length);
    memory.set(chunk.subarray(0, count));
    if (count < chunk.length) this.#rest = chunk.subarray(count);
    return count;
  }

  override ref(): void {
    this.#underlying.ref();
  }

  override unref(): void {
    this.#underlying.unref();
  }

  /** Takes a chunk as soon as there is one; `null` at the end. */
  readonly #take = (resolve: ResolveChunk, reject: Reject): void => {
    if (this.#rest !== null) {
      resolve(this.#rest);
      this.#rest = null;
    } else if (this.#chunks.size > 0) {
      const chunk = this.#chunks.take();
      this.#size -= chunk.length;
      resolve(chunk);
    } else if (this.#error !== null) reject(this.#error);
    else if (this.#isOver) resolve(null);
    else {
      this.#resolveRead = resolve;
      this.#failRead = reject;
      this.#resume();
    }
  };

  #receive(chunk: Uint8Array<ArrayBuffer>): void {
    const resolve = this.#resolveRead;
    this.#resolveRead = null;
    if (resolve !== null) {
      resolve(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > HIGH_WATER) this.#pause();
  }

  /** Ends the pending read, as nothing more is received. */
  #endRead(): void {
    const resolve = this.#resolveRead;
    this.#resolveRead = null;
    if (resolve !== null) this.#take(resolve, this.#failRead!);
  }

  #assertOpen(): void {
    if (this.#socket.destroyed) throw this.#error ?? interrupted();
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#underlying.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#underlying.resume();
  }
}

type Reject = (error: Error) => void;
type ResolveChunk = (chunk: Uint8Array<ArrayBuffer> | null) => void;

const READ_SIZE = 64 * 1024;
const NO_MEMORY = new Uint8Array(0);

/** A connection as a Node stream. */
interface ConnDuplex {
  readonly conn: Deno.Conn;
  /** The Node stream, which owns the connection. */
  readonly duplex: Duplex;
  /** Whether the TLS socket must allow for half-closing from the start, or only after the handshake. */
  readonly allowHalfOpen: boolean;
  /** Waits until everything is written to the connection, or it is closed. */
  flushed(): Promise<void>;
  /** Pauses reading from the connection. */
  pause(): void;
  /** Resumes reading. */
  resume(): void;
  /** Keeps the program alive while the connection is open. */
  ref(): void;
  unref(): void;
}

/** Returns a Node stream on a socket handle of its own, if there can be one; `bytes` have been read already. */
async function ownStreamOf(
  conn: Deno.Conn,
  bytes: Uint8Array = NO_MEMORY,
): Promise<ConnDuplex | null> {
  const own = await ownSocketOf(conn);
  if (own === null) return null;
  const { socket, handle } = own;
  if (bytes.length > 0) socket.unshift(bytes);
  socket.once("close", () => closeUnlessClosed(conn));
  return {
    conn,
    duplex: socket,
    allowHalfOpen: false,
    flushed: () => Promise.resolve(),
    // Not the socket: in Deno 2.9.6, TLS goes on to read from its handle.
    pause: () => handle.readStop(),
    resume: () => void (socket.destroyed || handle.readStart()),
    ref: () => void socket.ref(),
    unref: () => void socket.unref(),
  };
}

/** Creates a Node duplex stream over a connection. */
async function duplexOf(conn: Deno.Conn): Promise<ConnDuplex> {
  const { Duplex } = await import("node:stream");
  let memory = new Uint8Array(READ_SIZE);
  let onWritten: (() => void) | null = null;
  let isPaused = false;
  let isWaiting = false;
  const read = () => {
    conn.read(memory).then(
      (count) => {
        if (duplex.destroyed) return;
        duplex.push(count === null ? null : memory.slice(0, count));
      },
      (error) => duplex.destroy(error),
    );
  };
  const duplex = new Duplex({
    allowHalfOpen: true,
    read() {
      if (isPaused) isWaiting = true;
      else read();
    },
    write(data: Uint8Array, _encoding, callback) {
      writeAll(conn, data).then(() => {
        callback();
        onWritten?.();
      }, callback);
    },
    final(callback) {
      conn.closeWrite().then(() => callback(), callback);
    },
    destroy(error, callback) {
      closeUnlessClosed(conn);
      // Released, as Deno 2.9.6 may retain failed handshakes forever.
      memory = NO_MEMORY;
      callback(error);
      onWritten?.();
    },
  });
  const drained = async () => {
    while (!duplex.destroyed && duplex.writableLength > 0) {
      await new Promise<void>((resolve) => onWritten = resolve);
    }
  };
  return {
    conn,
    duplex,
    allowHalfOpen: true,
    async flushed() {
      await drained();
      // Node writes some data one turn later.
      await new Promise((resolve) => setTimeout(resolve));
      await drained();
    },
    // Not the socket: in Deno 2.9.6, a paused socket over a stream loses the end of the stream if that arrives together
    // with data.
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      if (!isWaiting) return;
      isWaiting = false;
      read();
    },
    ref: () => conn.ref(),
    unref: () => conn.unref(),
  };
}

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) {
    rest = rest.subarray(await conn.write(rest));
  }
}

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
