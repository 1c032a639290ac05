// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertInteger, wrongType } from "../../core/validate.ts";
import { isSameHost } from "../dns/host.ts";

/** Returns the address as a `Deno.Addr`; throws unless `transport` can send to it. */
export function datagramAddressOf(
  name: string,
  addr: unknown,
  transport: Deno.Addr["transport"],
): Deno.Addr {
  if (transport !== "unixpacket") return netAddressOf(name, addr, 1);
  if (isObject(addr) && "path" in addr && typeof addr.path === "string") {
    return { transport, path: addr.path };
  }
  throw wrongType(`The ${name}`, "an object with a path", addr);
}

/** Returns the UDP address as a `Deno.NetAddr`; throws unless it is one. */
export function netAddressOf(
  name: string,
  addr: unknown,
  leastPort: number,
): Deno.NetAddr {
  if (
    isObject(addr) && "hostname" in addr && "port" in addr &&
    typeof addr.hostname === "string" && addr.hostname !== ""
  ) {
    const { hostname, port } = addr;
    assertInteger("The port", port, leastPort, 65535);
    return { transport: "udp", hostname, port: port as number };
  }
  throw wrongType(
    `The ${name}`,
    "an object with a hostname and a port",
    addr,
  );
}

/** Returns whether two addresses are equal, ignoring scopes, which senders' addresses do not have. */
export function isSameAddress(one: Deno.Addr, other: Deno.Addr): boolean {
  if ("path" in one) return "path" in other && one.path === other.path;
  return "hostname" in one && "hostname" in other && one.port === other.port &&
    isSameHost(one.hostname, other.hostname);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
