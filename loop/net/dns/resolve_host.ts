// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { getAddrInfo } from "./get_addr_info.ts";
import type { HostAddress } from "../host_address.ts";

/** The first address of a host for each version of IP. */
export async function resolveHost(
  loop: EventLoop,
  { hostname: host, port }: HostAddress,
): Promise<Map<4 | 6, Deno.NetAddr>> {
  const first = new Map<4 | 6, Deno.NetAddr>();
  const infos = await getAddrInfo(loop, host, port, { transport: "udp" });
  for (const { transport, hostname, port, family } of infos) {
    if (!first.has(family)) first.set(family, { transport, hostname, port });
  }
  return first;
}
