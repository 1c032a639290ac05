// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isUnresolvedHost } from "../../core/deno_workarounds.ts";
import type { EventLoop } from "../../event_loop.ts";
import { errors } from "../../core/runtime.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { assertString } from "../../core/validate.ts";
import { assertFamily, assertHost, type IpFamily } from "../dns/names.ts";
import {
  hostAndPort,
  ipLiteralOf,
  mayUseAllNet,
  unresolved,
} from "../dns/host.ts";
import {
  assertEither,
  assertFactory,
  assertListener,
  assertPort,
} from "../stream/assertions.ts";
import {
  assertCanEncrypt,
  assertReachable,
  CallbackContext,
  type Network,
  networkOf,
} from "../stream/callbacks.ts";
import { codeOf, messageOf, rephrase } from "../stream/failures.ts";
import type { StreamProtocol } from "../stream/types.ts";
import type { HostAddress } from "../options.ts";
import {
  assertNodeTls,
  isNativeServer,
  nativeListenOptions,
} from "../tls/native_tls.ts";
import {
  assertTlsOptions,
  type ServerTls,
  serverTlsOf,
} from "../tls/tls_settings.ts";
import type { TlsOptions } from "../tls_options.ts";
import {
  Acceptor,
  assertOpenServerOptions,
  DEFAULT_BACKLOG,
  openServer,
} from "./_acceptor.ts";
import type { Server } from "./server.ts";

/**
 * The options of `loop.createServer()`.
 *
 * @category Servers
 */
export interface ServerOptions {
  /** The IP version: 4, 6, or 0 for either, which is the default. */
  family?: IpFamily | undefined;
  /** The maximum number of connections that wait to be accepted; 4,096 by default. */
  backlog?: number | undefined;
  /** Whether to reuse a port in the TIME_WAIT state. Deno always does. */
  reuseAddress?: boolean | undefined;
  /** Whether other servers may listen at the same port. Requires Linux and `--unstable-net`. */
  reusePort?: boolean | undefined;
  /** Whether to enable TCP keep-alive. */
  keepAlive?: boolean | undefined;
  /** Whether to accept connections immediately; `true` by default. Clients can connect in any case. */
  startServing?: boolean | undefined;
  /** An existing listener to use instead of a host and a port. The server closes it. */
  sock?: Deno.Listener<Deno.Conn, Deno.NetAddr> | undefined;
  /** The TLS options. Without them, connections are not encrypted. */
  tls?: TlsOptions | undefined;
}

/** Implements `loop.createServer()`. */
export async function serve(
  loop: EventLoop,
  protocolFactory: () => StreamProtocol,
  host: string | readonly string[] | null,
  port: number | null = null,
  options: ServerOptions = {},
): Promise<Server<Deno.NetAddr>> {
  assertFactory("createServer", protocolFactory);
  assertServerOptions(host, port, options);
  const scheduler = schedulerOf(loop);
  assertReachable("createServer", scheduler);
  if (options.tls) assertCanEncrypt("createServer", scheduler);
  const tls = options.tls
    ? await serverTlsOf("createServer", options.tls)
    : null;
  if (tls !== null && (options.sock || !isNativeServer(tls))) assertNodeTls();
  const context = new CallbackContext(scheduler);
  const localPort = port ?? 0;
  const ways = { ...options, tls, network: networkOf(scheduler) };
  const listeners = options.sock
    ? [options.sock]
    : host === null || host === ""
    ? listenEverywhere(localPort, options.family ?? 0, ways)
    : listenAt(await targetsOf(loop, host, localPort, options), ways);
  const acceptors = listeners.map((listener) =>
    new Acceptor(listener, context, options)
  );
  return openServer(loop, acceptors, protocolFactory, options, tls);
}

function assertServerOptions(
  host: string | readonly string[] | null,
  port: number | null,
  options: ServerOptions,
): void {
  assertTlsOptions("createServer", options);
  const { family, reusePort, sock } = options;
  assertOpenServerOptions(
    "createServer",
    options,
    "keepAlive",
    "reuseAddress",
    "reusePort",
  );
  assertEither("a host and a port", host !== null || port !== null, sock);
  if (sock !== undefined) {
    assertListener("sock", sock);
    return;
  }
  assertHosts(host);
  if (port !== null) assertPort(port);
  assertFamily(family ?? 0);
  // Without the flag, Deno ends the process. The flag is detected by an API that it adds.
  if (reusePort && !("listenDatagram" in Deno)) {
    throw new errors.NotSupported(
      "reusePort requires --unstable-net",
    );
  }
}

function assertHosts(host: string | readonly string[] | null): void {
  if (!Array.isArray(host)) return assertHost(host);
  for (const name of host) assertString("Each host", name);
  if (host.length > 0) return;
  throw new RangeError(
    "The hosts must include at least one: received an empty array",
  );
}

/** Returns all addresses of the hosts, without duplicates. `Deno.listen()` would use only the first one of each. */
async function targetsOf(
  loop: EventLoop,
  host: string | readonly string[],
  port: number,
  options: ServerOptions,
): Promise<HostAddress[]> {
  const hosts = typeof host === "string" ? [host] : host;
  const found = await Promise.all(
    hosts.map((name) => addressesOf(loop, name, port, options)),
  );
  const byHostname = new Map(found.flat().map((info) => [info.hostname, info]));
  return [...byHostname.values()];
}

async function addressesOf(
  loop: EventLoop,
  hostname: string,
  port: number,
  { family = 0 }: ServerOptions,
): Promise<HostAddress[]> {
  const isLeftToDeno = ipLiteralOf(hostname) === null && family === 0 &&
    !mayUseAllNet();
  if (isLeftToDeno) return [{ hostname, port }];
  return await loop.getAddrInfo(hostname, port, { family, passive: true });
}

/** A TCP or TLS listener. */
type TcpListener = Deno.Listener<Deno.Conn, Deno.NetAddr>;

/** The options for listening. */
interface ListenOptions {
  readonly backlog?: number | undefined;
  readonly reusePort?: boolean | undefined;
  readonly tls: ServerTls | null;
  /** The simulated network, if any. */
  readonly network: Network | null;
}

/**
 * Listens at all IPv6 and IPv4 addresses on the same port. A system may support only one of them, and on many
 * systems the IPv6 listener serves both.
 */
function listenEverywhere(
  port: number,
  family: IpFamily,
  options: ListenOptions,
): TcpListener[] {
  const v6 = { hostname: "::", port };
  const v4 = { hostname: "0.0.0.0", port };
  if (family !== 0) return listenAt([family === 4 ? v4 : v6], options);
  let both;
  try {
    both = listen(v6, options);
  } catch (error) {
    if (error instanceof errors.AddrInUse) throw error;
    return [listen(v4, options)];
  }
  try {
    return [both, listen({ ...v4, port: both.addr.port }, options)];
  } catch (error) {
    if (error instanceof errors.AddrInUse) return [both];
    both.close();
    throw error;
  }
}

/** Listens at the given addresses, skipping those that this machine does not have. Throws if none is left. */
function listenAt(
  targets: readonly HostAddress[],
  options: ListenOptions,
): TcpListener[] {
  const listeners: TcpListener[] = [];
  let unavailable: unknown;
  try {
    for (const target of targets) {
      try {
        listeners.push(listen(target, options));
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        unavailable = error;
      }
    }
    if (listeners.length === 0) throw unavailable;
    return listeners;
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
}

function listen(
  { hostname, port }: HostAddress,
  { backlog = DEFAULT_BACKLOG, reusePort, tls, network }: ListenOptions,
): TcpListener {
  const options = {
    hostname,
    port,
    tcpBacklog: backlog,
    ...(reusePort ? { reusePort } : {}),
  };
  try {
    if (network !== null) return network.listen({ hostname, port });
    if (tls === null || !isNativeServer(tls)) return Deno.listen(options);
    return Deno.listenTls({ ...options, ...nativeListenOptions(tls) });
  } catch (error) {
    if (isUnresolvedHost(error)) throw unresolved(hostname, port, error);
    throw rephrase(
      error,
      `Cannot listen at ${hostAndPort(hostname, port)}: ${messageOf(error)}`,
    );
  }
}

/** Returns whether the machine lacks the address or the IP version. */
function isUnavailable(error: unknown): boolean {
  return error instanceof errors.AddrNotAvailable ||
    codeOf(error) === "EAFNOSUPPORT";
}
