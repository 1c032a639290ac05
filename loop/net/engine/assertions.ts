// Copyright 2026 the asyncio for Deno authors. MIT license.

import { shown } from "../../shown.ts";

/** Throws unless the factory of protocols is a function. */
export function assertFactory(method: string, factory: unknown): void {
  if (typeof factory === "function") return;
  throw new TypeError(
    `${method}() takes a function that makes a protocol: received ${typeof factory}`,
  );
}

/** Throws unless `data` can be sent. */
export function assertBytes(method: string, data: unknown): void {
  if (data instanceof Uint8Array || typeof data === "string") return;
  throw new TypeError(
    `${method}() takes a Uint8Array or a string: received ${shown(data)}`,
  );
}

/** Throws unless bytes can be put into the value. */
export function assertBuffer(name: string, value: unknown): void {
  if (value instanceof Uint8Array) return;
  throw new TypeError(
    `Expected ${name} to be a Uint8Array: received ${typeNameOf(value)}`,
  );
}

/** Throws unless the value is a number of bytes. */
export function assertSize(name: string, value: unknown): void {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) {
    return;
  }
  throw new RangeError(
    `The ${name} must be an integer of at least 0: received ${shown(value)}`,
  );
}

/** Throws unless the port is one, or 0. */
export function assertPort(port: unknown): void {
  if (
    typeof port === "number" && Number.isInteger(port) && port >= 0 &&
    port <= 65535
  ) return;
  throw new RangeError(
    `The port must be an integer from 0 to 65535: received ${shown(port)}`,
  );
}

/** Throws unless the value looks like a connection: read and write are what transports need. */
export function assertConn(name: string, value: unknown): void {
  assertMethods(name, "Deno.Conn", value, ["read", "write", "close"]);
}

/** Throws unless the value looks like a listener. */
export function assertListener(name: string, value: unknown): void {
  assertMethods(name, "Deno.Listener", value, ["accept", "close"]);
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

/** Whether the value is an object with methods of these names. */
export function hasMethods(value: unknown, ...names: string[]): boolean {
  return typeof value === "object" && value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === "function");
}

/** How the type of a value is called in messages, where the value itself would say too much. */
export function typeNameOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
