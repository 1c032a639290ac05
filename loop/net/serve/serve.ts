// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../scheduler.ts";
import { Acceptor } from "./_acceptor.ts";
import { assertNodeTls } from "../tls/assert_node_tls.ts";
import { assertEither, assertListener } from "../engine/assert_socket.ts";
import { CallbackContext } from "../engine/callback_context.ts";
import {
  assertFamily,
  assertHost,
  type IpFamily,
} from "../dns/get_addr_info.ts";
import type { HostAddress } from "../host_address.ts";
import { ipLiteralOf } from "../dns/ip_literal.ts";
import { listenAt, listenEverywhere } from "./_listen.ts";
import { mayUseAllNet } from "../dns/may_use_all_net.ts";
import { isNativeServer } from "../tls/native_tls.ts";
import { assertBacklog, openServer } from "./_open_server.ts";
import type { Server } from "./server.ts";
import { assertFactory } from "../engine/assert_factory.ts";
import {
  assertCanEncrypt,
  assertReachable,
  networkOf,
} from "../engine/network.ts";
import { assertPort } from "../engine/tcp.ts";
import type { TlsOptions } from "../tls_options.ts";
import { serverTlsOf } from "../tls/tls_settings.ts";
import type { StreamProtocol } from "../engine/whole.ts";
import { errors } from "../../runtime.ts";

/** The options of `loop.createServer()`. */
export interface ServerOptions {
  /** Which version of IP; 0, the default, for either. */
  family?: IpFamily | undefined;
  /** How many connections may wait to be accepted; 100 by default. */
  backlog?: number | undefined;
  /** Whether a port may be used that a connection of before still holds. Deno always has it so. */
  reuseAddress?: boolean | undefined;
  /** Whether other servers may listen at the same port. Needs Linux and `--unstable-net`. */
  reusePort?: boolean | undefined;
  /** Whether the system is to notice clients that are gone without a word. */
  keepAlive?: boolean | undefined;
  /** Whether connections are accepted at once, as by default. They can be made in any case. */
  startServing?: boolean | undefined;
  /** An existing listener to use; host and port are left out then. The server closes it. */
  sock?: Deno.Listener<Deno.Conn, Deno.NetAddr> | undefined;
  /** How connections are encrypted; not at all by default. */
  tls?: TlsOptions | undefined;
}

/** What `loop.createServer()` does. */
export async function serve(
  loop: EventLoop,
  protocolFactory: () => StreamProtocol,
  host: string | readonly string[] | null,
  port: number | null,
  options: ServerOptions,
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
  const ways = { ...options, tls, network: networkOf(scheduler) };
  const listeners = options.sock
    ? [options.sock]
    : host === null || host === ""
    ? listenEverywhere(port!, options.family ?? 0, ways)
    : listenAt(await targetsOf(loop, host, port!, options), ways);
  const acceptors = listeners.map((listener) =>
    new Acceptor(listener, context, options)
  );
  return openServer(loop, context, acceptors, protocolFactory, options, tls);
}

/** All addresses of the hosts, each once: `Deno.listen()` would take the first of each. */
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

function assertServerOptions(
  host: string | readonly string[] | null,
  port: number | null,
  options: ServerOptions,
): void {
  const { family, reusePort, sock } = options;
  assertBacklog(options);
  assertEither("a host and a port", host !== null || port !== null, sock);
  if (sock !== undefined) {
    assertListener("sock", sock);
    return;
  }
  assertHosts(host);
  assertPort(port);
  assertFamily(family ?? 0);
  // Without the flag, Deno ends the process. What tells is what else the flag adds.
  if (reusePort && !("listenDatagram" in Deno)) {
    throw new errors.NotSupported(
      "reusePort needs the flag --unstable-net",
    );
  }
}

function assertHosts(host: string | readonly string[] | null): void {
  if (!Array.isArray(host)) return assertHost(host);
  for (const name of host) assertHost(name);
  if (host.length > 0) return;
  throw new RangeError("Expected one host or more: received an empty array");
}
