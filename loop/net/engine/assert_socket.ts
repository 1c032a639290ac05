// Copyright 2026 the asyncio for Deno authors. MIT license.

import { hasMethods } from "./has_methods.ts";
import { typeNameOf } from "./name_of.ts";

/** Throws unless the value looks like a connection: read and write are what transports need. */
export function assertConn(name: string, value: unknown): void {
  assertMethods(name, "Deno.Conn", value, ["read", "write", "close"]);
}

/** Throws unless the value looks like a listener. */
export function assertListener(name: string, value: unknown): void {
  assertMethods(name, "Deno.Listener", value, ["accept", "close"]);
}

/** Throws unless the address is that of a Unix socket. */
export function assertUnix(name: string, addr: Deno.Addr): void {
  if (addr.transport === "unix") return;
  throw new RangeError(
    `Expected ${name} to be a Unix socket: received one of ${addr.transport}`,
  );
}

/** Throws unless there is either an address or a socket. */
export function assertEither(
  addressName: string,
  hasAddress: boolean,
  sock: unknown,
): void {
  if (hasAddress !== (sock !== undefined)) return;
  throw new RangeError(
    `Expected either ${addressName} or a sock: received ${
      hasAddress ? "both" : "neither"
    }`,
  );
}

function assertMethods(
  name: string,
  type: string,
  value: unknown,
  methods: string[],
): void {
  if (hasMethods(value, ...methods)) return;
  throw new TypeError(
    `Expected ${name} to be a ${type}: received ${typeNameOf(value)}`,
  );
}
