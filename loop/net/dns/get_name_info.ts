// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { errors } from "../../core/runtime.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { outOfRange, wrongType } from "../../core/validate.ts";
import { assertPort } from "../stream/assertions.ts";
import { completionOf } from "../stream/callbacks.ts";
import { codeOf } from "../stream/failures.ts";
import { networkOf } from "../stream/network.ts";
import type { HostAddress } from "../options.ts";
import { ipLiteralOf, unresolved } from "./host.ts";

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
  assertFlags(flags);
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
    found = await completionOf(schedulerOf(loop), lookUp(hostname, port));
  } catch (error) {
    if (codeOf(error) === "EPERM") throw notCapable(hostname, error);
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

function assertFlags(flags: unknown): void {
  const expected = "a sum of 1, 2, 4, 8 and 16";
  if (typeof flags !== "number") throw wrongType("The flags", expected, flags);
  if (Number.isInteger(flags) && (flags & ~ALL_FLAGS) === 0) return;
  throw outOfRange("The flags", expected, flags);
}

async function lookUp(
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

function notCapable(hostname: string, cause: unknown): Error {
  return new errors.NotCapable(
    `Cannot look up ${hostname}: requires net access, run again with --allow-net`,
    { cause },
  );
}
