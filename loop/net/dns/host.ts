// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors, isPermitted } from "../../core/runtime.ts";
import { codeOf, messageOf } from "../stream/failures.ts";

/** An IP address. */
interface IpLiteral {
  readonly hostname: string;
  readonly family: 4 | 6;
}

/**
 * Parses an IPv4 or IPv6 address; the latter may be in brackets, as in URLs, and may have a scope. Returns `null`
 * for a host name.
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

/** Returns whether two addresses are equal, ignoring notation and scopes. */
export function isSameHost(one: string, other: string): boolean {
  return one === other || canonical(one) === canonical(other);
}

function canonical(hostname: string): string {
  const [address = ""] = hostname.split("%");
  return URL.parse(`http://${hostAndPort(address, 0)}`)?.hostname ?? hostname;
}

/** Formats a host and a port. `null` stands for localhost. */
export function hostAndPort(host: string | null, port: number): string {
  const name = withoutBrackets(host ?? "localhost");
  return name.includes(":") ? `[${name}]:${port}` : `${name}:${port}`;
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/**
 * Returns whether the program may use the network without restriction. Otherwise it may have permission for a host
 * name but not for its addresses, so that only Deno can resolve and connect.
 */
export function mayUseAllNet(): boolean {
  return isPermitted({ name: "net" });
}

/** Returns the error for a host that has no address. */
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
