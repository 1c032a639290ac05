// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { type Scheduler, schedulerOf } from "../../core/scheduler.ts";
import { type Attempt, race } from "../connect/race.ts";
import {
  datagramAddressOf,
  netAddressOf,
} from "../datagram/datagram_address.ts";
import type { DatagramSocket } from "../datagram_socket.ts";
import { resolveHost } from "../dns/get_addr_info.ts";
import { assertReachable, networkOf } from "../stream/network.ts";
import { connectTcp } from "../stream/sockets.ts";
import type { HostAddress } from "../options.ts";
import { usableLinkOf } from "./sock_datagram.ts";

/** Implements `loop.sockConnect()` for an address alone. */
export async function connectStream(
  loop: EventLoop,
  address: HostAddress | Deno.UnixAddr,
): Promise<Deno.Conn> {
  const scheduler = schedulerOf(loop);
  assertReachable("sockConnect", scheduler);
  const network = networkOf(scheduler);
  if (typeof address === "object" && address !== null && "path" in address) {
    const { path } = address;
    return await connected(
      scheduler,
      network === null
        ? () => Deno.connect({ transport: "unix", path })
        : (signal) => network.connectUnix(path, signal),
    );
  }
  const { hostname, port } = netAddressOf("address", address, 1);
  return await connected(
    scheduler,
    network === null
      ? (signal) => connectTcp({ hostname, port }, signal)
      : (signal) => network.connect({ hostname, port }, null, signal),
  );
}

/** Implements `loop.sockConnect()` for a datagram socket. */
export async function connectDatagrams(
  loop: EventLoop,
  sock: DatagramSocket,
  address: HostAddress | Deno.UnixAddr,
): Promise<void> {
  const link = usableLinkOf("sockConnect", sock);
  const { transport } = link.localAddr;
  const target = datagramAddressOf("address", address, transport);
  if (!("hostname" in target && "hostname" in link.localAddr)) {
    link.remoteAddr = target;
    return;
  }
  const found = await resolveHost(loop, target);
  const family = link.localAddr.hostname.includes(":") ? 6 : 4;
  const remote = found.get(family);
  if (remote === undefined) {
    throw new RangeError(
      `The address must be an IPv${family} address: received ${target.hostname}`,
    );
  }
  link.remoteAddr = remote;
}

/** Connects. On cancellation, aborts the attempt and closes a connection that was established. */
async function connected(
  scheduler: Scheduler,
  connect: Attempt<Deno.Conn>,
): Promise<Deno.Conn> {
  const outcome = await race(scheduler, {
    attempts: [connect],
    delay: null,
    discard: (conn) => conn.close(),
  });
  if ("value" in outcome) return outcome.value;
  throw outcome.error[0];
}
