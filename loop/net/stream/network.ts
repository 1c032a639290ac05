// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertDeno, errors } from "../../core/runtime.ts";
import type { Scheduler } from "../../core/scheduler.ts";
import type { DatagramConnLike } from "../datagram_socket.ts";
import type { HostAddress } from "../options.ts";

/** A network that takes the place of the system's, for the loops that it is given to. */
export interface Network {
  /** What a host is called in addresses. */
  addressOf(host: string): string;
  /** Connects to a host, from a given address if there is one. */
  connect(
    to: HostAddress,
    from: HostAddress | null,
    signal: AbortSignal,
  ): Promise<Deno.Conn>;
  listen(at: HostAddress): Deno.Listener<Deno.Conn, Deno.NetAddr>;
  connectUnix(path: string, signal: AbortSignal): Promise<Deno.Conn>;
  listenUnix(path: string): Deno.Listener<Deno.Conn, Deno.UnixAddr>;
  bindDatagrams(at: HostAddress | null): DatagramConnLike;
}

const networks = new WeakMap<Scheduler, Network>();

/** Has a loop use another network than the system's. */
export function giveNetwork(scheduler: Scheduler, network: Network): void {
  networks.set(scheduler, network);
}

/** The network that a loop was given; `null` if it uses the system's. */
export function networkOf(scheduler: Scheduler): Network | null {
  return networks.get(scheduler) ?? null;
}

/** Throws if the loop has no network: the system's takes Deno. */
export function assertReachable(method: string, scheduler: Scheduler): void {
  if (!networks.has(scheduler)) assertDeno(method);
}

/** Throws if connections of the loop cannot be encrypted: that takes the system. */
export function assertCanEncrypt(method: string, scheduler: Scheduler): void {
  if (!networks.has(scheduler)) return;
  throw new errors.NotSupported(
    `${method}() cannot encrypt on a network in memory: leave tls out in the test`,
  );
}
