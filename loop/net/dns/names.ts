// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { errors } from "../../core/runtime.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import {
  assertFlags,
  assertOneOf,
  assertOptions,
  outOfRange,
  wrongType,
} from "../../core/validate.ts";
import { assertPort } from "../stream/assertions.ts";
import { completionOf, networkOf } from "../stream/callbacks.ts";
import { codeOf } from "../stream/failures.ts";
import type { HostAddress } from "../options.ts";
import { ipLiteralOf, unresolved } from "./host.ts";

/**
 * An IP version: 4, 6, or 0 for either.
 *
 * @category Names and addresses
 */
export type IpFamily = 0 | 4 | 6;

/**
 * An address of a host. It can be used as a `Deno.NetAddr`.
 *
 * @category Names and addresses
 */
export interface AddrInfo extends Deno.NetAddr {
  /** The IP version. */
  family: 4 | 6;
}

/**
 * The options of `loop.getAddrInfo()`.
 *
 * @category Names and addresses
 */
export interface AddrInfoOptions {
  /** The IP version: 4, 6, or 0 for either, which is the default. */
  family?: IpFamily | undefined;
  /** The transport protocol; TCP by default. */
  transport?: "tcp" | "udp" | undefined;
  /** Whether addresses to listen at are returned if there is no host, instead of the loopback addresses. */
  passive?: boolean | undefined;
}

/** Implements `loop.getAddrInfo()`. */
export async function getAddrInfo(
  loop: EventLoop,
  host: string | null,
  port: number | null,
  options: AddrInfoOptions,
): Promise<AddrInfo[]> {
  assertOptions("getAddrInfo", options);
  assertFlags("getAddrInfo", options, "passive");
  const { family = 0, transport = "tcp", passive = false } = options;
  assertHost(host);
  if (port !== null) assertPort(port);
  assertFamily(family);
  assertOneOf("The transport", transport, ["tcp", "udp"]);
  const network = networkOf(schedulerOf(loop));
  const found = network !== null
    ? [network.addressOf(host ?? "")]
    : host
    ? await addressesOf(loop, host, port ?? 0, family)
    : passive
    ? ["0.0.0.0", "::"]
    : ["::1", "127.0.0.1"];
  const infos = found.map((hostname): AddrInfo => ({
    transport,
    hostname,
    port: port ?? 0,
    family: hostname.includes(":") ? 6 : 4,
  })).filter((info) => family === 0 || info.family === family);
  if (infos.length > 0) return infos;
  throw unresolved(host, port ?? 0, `it has no IPv${family} address`);
}

/** Returns the first address of a host for each IP version. */
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

/** Throws unless the value is an IP version or 0. */
export function assertFamily(family: unknown): void {
  assertOneOf("The family", family, [0, 4, 6]);
}

/** Throws unless the value is a host name, an address or `null`. */
export function assertHost(host: unknown): void {
  if (host === null || typeof host === "string") return;
  throw wrongType("The host", "a string or null", host);
}

async function addressesOf(
  loop: EventLoop,
  host: string,
  port: number,
  family: IpFamily,
): Promise<string[]> {
  const literal = ipLiteralOf(host);
  if (literal !== null) return [literal.hostname];
  try {
    return await completionOf(
      schedulerOf(loop),
      addressesFromSystem(host, family),
    );
  } catch (error) {
    if (codeOf(error) === "EPERM") {
      throw notCapable(host, `--allow-net=${host}`, error);
    }
    if (isResolverError(error)) throw unresolved(host, port, error);
    throw error;
  }
}

async function addressesFromSystem(
  host: string,
  family: IpFamily,
): Promise<string[]> {
  const { lookup } = await import("node:dns/promises");
  const found = await lookup(host, { all: true, family, verbatim: true });
  return found.map(({ address }) => address);
}

/**
 * Returns whether the resolver has rejected the name, in contrast to a system that is out of file descriptors, for
 * example.
 */
function isResolverError(error: unknown): boolean {
  return /^(ENOTFOUND|EAI_.*)$/.test(String(codeOf(error)));
}

function notCapable(host: string, flag: string, cause: unknown): Error {
  return new errors.NotCapable(
    `Cannot look up ${host}: requires net access, run again with ${flag}`,
    { cause },
  );
}

/** Returns the address instead of the host's name. */
const NI_NUMERICHOST = 1;
/** Returns the port instead of the service's name. */
const NI_NUMERICSERV = 2;
/** Fails if the host has no name. */
const NI_NAMEREQD = 8;
/** All POSIX flags. The others make no difference here. */
const ALL_FLAGS = 0x1f;

/** Implements `loop.getNameInfo()`. */
export async function getNameInfo(
  loop: EventLoop,
  addr: HostAddress,
  flags: number,
): Promise<[host: string, service: string]> {
  assertAddress(addr);
  assertNameFlags(flags);
  // On a simulated network, a host's address is its name.
  if (networkOf(schedulerOf(loop)) !== null) {
    return [addr.hostname, String(addr.port)];
  }
  const hostname = literalOf(addr.hostname);
  const { port } = addr;
  const isNumericHost = (flags & NI_NUMERICHOST) !== 0;
  const isNumericService = (flags & NI_NUMERICSERV) !== 0;
  if (isNumericHost && isNumericService) return [hostname, String(port)];
  let found;
  try {
    found = await completionOf(
      schedulerOf(loop),
      nameFromSystem(hostname, port),
    );
  } catch (error) {
    if (codeOf(error) === "EPERM") {
      throw notCapable(hostname, "--allow-net", error);
    }
    if (codeOf(error) !== "ENOTFOUND") throw error;
    if (!isNumericHost && (flags & NI_NAMEREQD)) {
      throw unresolved(hostname, port, "its host has no name");
    }
    found = { hostname, service: String(port) };
  }
  return [
    isNumericHost ? hostname : found.hostname,
    isNumericService ? String(port) : found.service,
  ];
}

function assertAddress(addr: HostAddress): void {
  if (typeof addr?.hostname !== "string") {
    throw wrongType(
      "The addr",
      "an object with a hostname and a port",
      addr,
    );
  }
  assertPort(addr.port);
}

function literalOf(hostname: string): string {
  const literal = ipLiteralOf(hostname);
  if (literal !== null) return literal.hostname;
  throw new RangeError(
    `The hostname of addr must be an IPv4 or IPv6 address: received ${hostname}`,
  );
}

function assertNameFlags(flags: unknown): void {
  const expected = "a sum of 1, 2, 4, 8 and 16";
  if (typeof flags !== "number") throw wrongType("The flags", expected, flags);
  if (Number.isInteger(flags) && (flags & ~ALL_FLAGS) === 0) return;
  throw outOfRange("The flags", expected, flags);
}

async function nameFromSystem(
  hostname: string,
  port: number,
): Promise<{ hostname: string; service: string }> {
  const { promises } = await import("node:dns");
  if (typeof promises.lookupService === "function") {
    return await promises.lookupService(hostname, port);
  }
  throw new errors.NotSupported(
    `getNameInfo() is supported by Deno ${Deno.version.deno} only for a numeric host and service`,
  );
}
