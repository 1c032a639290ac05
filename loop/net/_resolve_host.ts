// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Scheduler } from "../scheduler.ts";
import { completionOf } from "./_completion.ts";
import type { HostAddress } from "./host_address.ts";
import { osErrorOf } from "./_os_error.ts";

/** The first address of a host for each version of IP. */
export async function resolveHost(
  scheduler: Scheduler,
  addr: HostAddress | undefined,
): Promise<Map<4 | 6, Deno.NetAddr>> {
  const found = new Map<4 | 6, Deno.NetAddr>();
  if (addr === undefined) return found;
  const { hostname: name, port } = addr;
  const hostnames = isAddress(name)
    ? [name]
    : await completionOf(scheduler, addressesOf(name));
  for (const hostname of hostnames) {
    const family = hostname.includes(":") ? 6 : 4;
    if (found.has(family)) continue;
    found.set(family, { transport: "udp", hostname, port });
  }
  return found;
}

/** Whether a host is given by its address. */
export function isAddress(hostname: string): boolean {
  return hostname.includes(":") || /^[\d.]+$/.test(hostname);
}

async function addressesOf(name: string): Promise<string[]> {
  const { lookup } = await import("node:dns/promises");
  try {
    const found = await lookup(name, { all: true });
    return found.map(({ address }) => address);
  } catch (error) {
    throw osErrorOf(error);
  }
}
