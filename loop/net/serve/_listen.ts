// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { IpFamily } from "../dns/get_addr_info.ts";
import type { HostAddress } from "../host_address.ts";
import { hostAndPort } from "../dns/ip_literal.ts";
import { isNativeServer, nativeListenOptions } from "../tls/native_tls.ts";
import { DEFAULT_BACKLOG } from "./_open_server.ts";
import type { Network } from "../engine/network.ts";
import { messageOf, rephrase } from "../engine/rephrase.ts";
import type { ServerTls } from "../tls/tls_settings.ts";
import { codeOf } from "../engine/os_error.ts";
import { isUnresolved, unresolved } from "../dns/unresolved.ts";
import { errors } from "../../runtime.ts";

/** A listener of TCP, be it Deno's encrypting kind or not. */
export type TcpListener = Deno.Listener<Deno.Conn, Deno.NetAddr>;

/** How to listen. */
export interface ListenOptions {
  readonly backlog?: number | undefined;
  readonly reusePort?: boolean | undefined;
  readonly tls: ServerTls | null;
  /** What takes the place of the system's network. */
  readonly network: Network | null;
}

/**
 * Listens at IPv6 and IPv4, or at one of them, at the same port. A system may lack one, and many serve both
 * by one listener.
 */
export function listenEverywhere(
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

/** Listens at all of some addresses, at least one, but for those that this machine does not have. */
export function listenAt(
  targets: readonly HostAddress[],
  options: ListenOptions,
): TcpListener[] {
  const listeners: TcpListener[] = [];
  let lack: unknown;
  try {
    for (const target of targets) {
      try {
        listeners.push(listen(target, options));
      } catch (error) {
        if (!isLack(error)) throw error;
        lack = error;
      }
    }
    if (listeners.length === 0) throw lack;
    return listeners;
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
}

/** Whether the machine has no such address, or not that version of IP. */
function isLack(error: unknown): boolean {
  return error instanceof errors.AddrNotAvailable ||
    codeOf(error) === "EAFNOSUPPORT";
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
    if (isUnresolved(error)) throw unresolved(hostname, port, error);
    throw rephrase(
      error,
      `Cannot listen at ${hostAndPort(hostname, port)}: ${messageOf(error)}`,
    );
  }
}
