// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors, isPermitted } from "../../core/runtime.ts";
import { codeOf, messageOf } from "../stream/failures.ts";

/** A host that is given by its address. */
interface IpLiteral {
  readonly hostname: string;
  readonly family: 4 | 6;
}

/**
 * Reads an address of IPv4 or IPv6, the latter also in brackets, as URLs have it, and with a scope.
 * Returns null for the name of a host.
 */
export function ipLiteralOf(host: string): IpLiteral | null {
  if (isV4(host)) return { hostname: host, family: 4 };
  if (!host.includes(":")) return null;
  const hostname = withoutBrackets(host);
  const [address] = hostname.split("%");
  if (!URL.canParse(`http://[${address}]`)) return null;
  return { hostname, family: 6 };
}

function isV4(host: string): boolean {
  const parts = host.split(".");
  return parts.length === 4 &&
    parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

/** Whether two addresses are the same one, however it is written; scopes are left aside. */
export function isSameHost(one: string, other: string): boolean {
  return one === other || canonical(one) === canonical(other);
}

function canonical(hostname: string): string {
  const [address = ""] = hostname.split("%");
  return URL.parse(`http://${hostAndPort(address, 0)}`)?.hostname ?? hostname;
}

/** A host, this machine if it is null, and a port, as one reads and writes them. */
export function hostAndPort(host: string | null, port: number): string {
  const name = withoutBrackets(host ?? "localhost");
  return name.includes(":") ? `[${name}]:${port}` : `${name}:${port}`;
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/**
 * Whether the program may use the network without restriction. Where it may not, it may be allowed a name
 * and not the addresses that are behind it: only Deno itself can then go from one to the other.
 */
export function mayUseAllNet(): boolean {
  return isPermitted({ name: "net" });
}

/** The error for a host that has no address. */
export function unresolved(
  host: string | null,
  port: number,
  cause: unknown,
): Error {
  const error = new errors.NotFound(
    `Cannot find an address of ${hostAndPort(host, port)}: ${messageOf(cause)}`,
    { cause },
  );
  return Object.assign(error, { code: codeOf(cause) ?? "ENOTFOUND" });
}
