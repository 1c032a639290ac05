// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { errors } from "../../core/runtime.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import {
  assertFlags,
  assertOneOf,
  assertOptions,
  wrongType,
} from "../../core/validate.ts";
import { assertPort } from "../stream/assertions.ts";
import { completionOf } from "../stream/callbacks.ts";
import { codeOf } from "../stream/failures.ts";
import { networkOf } from "../stream/network.ts";
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
    return await completionOf(schedulerOf(loop), lookUp(host, family));
  } catch (error) {
    if (codeOf(error) === "EPERM") throw notCapable(host, error);
    if (isResolverError(error)) throw unresolved(host, port, error);
    throw error;
  }
}

async function lookUp(host: string, family: IpFamily): Promise<string[]> {
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

function notCapable(host: string, cause: unknown): Error {
  return new errors.NotCapable(
    `Cannot look up ${host}: requires net access, run again with --allow-net=${host}`,
    { cause },
  );
}
