// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { type Scheduler, schedulerOf } from "../../core/scheduler.ts";
import { propertyOf } from "../../core/unknown_value.ts";
import {
  assertAtLeast,
  assertFlags,
  assertInteger,
  wrongType,
} from "../../core/validate.ts";
import {
  assertFamily,
  assertHost,
  type IpFamily,
} from "../dns/get_addr_info.ts";
import {
  assertConn,
  assertEither,
  assertFactory,
  assertPort,
  assertUnix,
  makeProtocol,
} from "../stream/assertions.ts";
import { CallbackContext, startTransport } from "../stream/callbacks.ts";
import { ConnTransport } from "../stream/conn_transport.ts";
import {
  assertCanEncrypt,
  assertReachable,
  networkOf,
} from "../stream/network.ts";
import { setNoDelay } from "../stream/sockets.ts";
import type { StreamProtocol } from "../stream/types.ts";
import type { HostAddress } from "../options.ts";
import { assertNodeTls } from "../tls/native_tls.ts";
import { encrypt } from "../tls/handshaker.ts";
import {
  assertTlsOptions,
  type ClientTls,
  clientTlsOf,
  type ServerTls,
  serverTlsOf,
} from "../tls/tls_settings.ts";
import type { TlsOptions } from "../tls_options.ts";
import type { Transport } from "../transport.ts";
import { dial } from "./_dial.ts";
import { type Attempt, race } from "./race.ts";
import { assertUnixPath, pathOf, unixError } from "./unix.ts";

/**
 * The options of `loop.createConnection()`.
 *
 * @category Transports and protocols
 */
export interface ConnectionOptions {
  /** The IP version: 4, 6, or 0 for either, which is the default. */
  family?: IpFamily | undefined;
  /**
   * The delay in seconds after which the next address is tried concurrently (RFC 8305, which recommends 0.25).
   * Without it, the next address is tried when the one before has failed.
   */
  happyEyeballsDelay?: number | null | undefined;
  /**
   * The number of addresses of the first IP version to try before alternating between the versions; 0 keeps the
   * system's order. By default 1 if there is a `happyEyeballsDelay`, otherwise 0.
   */
  interleave?: number | null | undefined;
  /** The local address to connect from; port 0 for any free one. */
  localAddr?: HostAddress | null | undefined;
  /** Whether to throw an `ExceptionGroup` of all errors if connecting fails for every address. */
  allErrors?: boolean | undefined;
  /** An existing connection to use instead of a host and a port. The transport closes it. */
  sock?: Deno.Conn | undefined;
  /** The TLS options. Without them, the connection is not encrypted. */
  tls?: boolean | TlsOptions | undefined;
}

/** Implements `loop.createConnection()`. */
export async function connect<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  host: string | null,
  port: number | null = null,
  options: ConnectionOptions = {},
): Promise<[Transport, P]> {
  assertFactory("createConnection", protocolFactory);
  assertConnectionOptions(host, port, options);
  const scheduler = schedulerOf(loop);
  if (options.tls) assertCanEncrypt("createConnection", scheduler);
  const name = options.sock === undefined ? host || "localhost" : null;
  const tls = options.tls
    ? await clientTlsOf("createConnection", options.tls, name)
    : null;
  const { happyEyeballsDelay = null, interleave } = options;
  const conn = options.sock ?? await dial(loop, {
    host: host || null,
    port: port!,
    family: options.family ?? 0,
    localAddr: options.localAddr ?? null,
    happyEyeballsDelay,
    interleave: interleave ?? (happyEyeballsDelay === null ? 0 : 1),
    allErrors: options.allErrors ?? false,
  });
  setNoDelay(conn);
  return await establish(scheduler, conn, protocolFactory, tls);
}

function assertConnectionOptions(
  host: string | null,
  port: number | null,
  options: ConnectionOptions,
): void {
  assertTlsOptions("createConnection", options);
  assertFlags("createConnection", options, "allErrors");
  const { sock } = options;
  assertEither("a host and a port", host !== null || port !== null, sock);
  if (sock !== undefined) {
    assertConn("sock", sock);
    return;
  }
  assertHost(host);
  assertPort(port);
  assertDialOptions(options);
}

function assertDialOptions(
  { family, happyEyeballsDelay, interleave, localAddr }: ConnectionOptions,
): void {
  assertFamily(family ?? 0);
  if (happyEyeballsDelay != null) {
    assertAtLeast("The happyEyeballsDelay option", happyEyeballsDelay, 0);
  }
  if (interleave != null) {
    assertInteger("The interleave option", interleave, 0);
  }
  if (localAddr == null) return;
  if (typeof propertyOf(localAddr, "hostname") !== "string") {
    throw wrongType(
      "The localAddr option",
      "an object with a hostname and a port",
      localAddr,
    );
  }
  assertPort(localAddr.port);
}

/**
 * The options of `loop.createUnixConnection()`.
 *
 * @category Transports and protocols
 */
export interface UnixConnectionOptions {
  /** An existing connection to use instead of a path. The transport closes it. */
  sock?: Deno.UnixConn | undefined;
  /** The TLS options, which must include `serverName`. Without them, the connection is not encrypted. */
  tls?: boolean | TlsOptions | undefined;
}

/** Implements `loop.createUnixConnection()`. */
export async function connectUnix<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  path: string | URL | null,
  options: UnixConnectionOptions = {},
): Promise<[Transport, P]> {
  assertFactory("createUnixConnection", protocolFactory);
  assertUnixPath("createUnixConnection", path);
  assertUnixConnectionOptions(path, options);
  const scheduler = schedulerOf(loop);
  assertReachable("createUnixConnection", scheduler);
  if (options.tls) assertCanEncrypt("createUnixConnection", scheduler);
  const tls = options.tls
    ? await clientTlsOf("createUnixConnection", options.tls, null)
    : null;
  if (tls !== null) assertNodeTls();
  const conn = options.sock ?? await dialUnix(scheduler, pathOf(path!));
  return await establish(scheduler, conn, protocolFactory, tls);
}

/** Connects to a Unix socket. Closes the connection if it is established after a cancellation. */
async function dialUnix(
  scheduler: Scheduler,
  path: string,
): Promise<Deno.Conn> {
  const network = networkOf(scheduler);
  const connect: Attempt<Deno.Conn> = network === null
    ? () => Deno.connect({ transport: "unix", path })
    : (signal) => network.connectUnix(path, signal);
  const outcome = await race<Deno.Conn>(scheduler, {
    attempts: [connect],
    delay: null,
    discard: (conn) => conn.close(),
  });
  if ("value" in outcome) return outcome.value;
  throw unixError(
    "Cannot connect to the Unix socket",
    path,
    outcome.error[0],
  );
}

function assertUnixConnectionOptions(
  path: string | URL | null,
  options: UnixConnectionOptions,
): void {
  assertTlsOptions("createUnixConnection", options);
  const { sock } = options;
  assertEither("a path", path !== null, sock);
  if (sock === undefined) return;
  assertConn("sock", sock);
  assertUnix("sock", sock.localAddr);
}

/**
 * The options of `loop.connectAcceptedSocket()`.
 *
 * @category Transports and protocols
 */
export interface AcceptedSocketOptions {
  /** The TLS options of a server. Without them, the connection is not encrypted. */
  tls?: TlsOptions | undefined;
}

/** Implements `loop.connectAcceptedSocket()`. */
export async function connectAccepted<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  conn: Deno.Conn,
  options: AcceptedSocketOptions,
): Promise<[Transport, P]> {
  assertFactory("connectAcceptedSocket", protocolFactory);
  assertConn("conn", conn);
  assertTlsOptions("connectAcceptedSocket", options);
  const { tls } = options;
  const scheduler = schedulerOf(loop);
  if (tls) assertCanEncrypt("connectAcceptedSocket", scheduler);
  const settings = tls ? await serverTlsOf("connectAcceptedSocket", tls) : null;
  if (settings !== null) assertNodeTls();
  setNoDelay(conn);
  return await establish(scheduler, conn, protocolFactory, settings);
}

/**
 * Creates the protocol and the transport of a connection, encrypts it if there is `tls`, and waits until
 * `connectionMade()` has been called. Closes the connection on failure and on cancellation.
 */
async function establish<P extends StreamProtocol>(
  scheduler: Scheduler,
  conn: Deno.Conn,
  protocolFactory: () => P,
  tls: ClientTls | ServerTls | null,
): Promise<[Transport, P]> {
  let protocol;
  try {
    protocol = makeProtocol(protocolFactory);
  } catch (error) {
    conn.close();
    throw error;
  }
  const context = new CallbackContext(scheduler);
  const link = tls === null ? { conn } : await encrypt(context, conn, tls);
  const transport = new ConnTransport(link, protocol, context);
  await startTransport(context, transport);
  return [transport, protocol];
}
