// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertDeno, errors } from "../../core/runtime.ts";
import type { Scheduler } from "../../core/scheduler.ts";
import type { DatagramConnLike } from "../datagram_socket.ts";
import type { HostAddress } from "../options.ts";

/** A simulated network, which replaces the system's for the loops that use it. */
export interface Network {
  /** Returns the address of a host. */
  addressOf(host: string): string;
  /** Connects to a host, optionally from a given address. */
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

/** Sets the simulated network of a loop. */
export function giveNetwork(scheduler: Scheduler, network: Network): void {
  networks.set(scheduler, network);
}

/** Returns the simulated network of a loop; `null` if it uses the system's. */
export function networkOf(scheduler: Scheduler): Network | null {
  return networks.get(scheduler) ?? null;
}

/** Throws if the loop has no network: the system's requires Deno. */
export function assertReachable(method: string, scheduler: Scheduler): void {
  if (!networks.has(scheduler)) assertDeno(method);
}

/** Throws if connections of the loop cannot be encrypted, which requires the system's network. */
export function assertCanEncrypt(method: string, scheduler: Scheduler): void {
  if (!networks.has(scheduler)) return;
  throw new errors.NotSupported(
    `TLS in ${method}() is not supported on a simulated network`,
  );
}
