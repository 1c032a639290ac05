// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isInstance } from "../../core/unknown_value.ts";
import {
  assertInteger,
  assertMethods,
  wrongType,
} from "../../core/validate.ts";
import { BaseProtocol } from "../protocols.ts";

/** Throws unless the protocol factory is a function. */
export function assertFactory(method: string, factory: unknown): void {
  if (typeof factory === "function") return;
  throw wrongType(
    `The protocol factory of ${method}()`,
    "a function",
    factory,
  );
}

/** Creates a protocol; throws if the factory returns something else. */
export function makeProtocol<P>(factory: () => P): P {
  const protocol = factory();
  assertProtocol("The result of a protocol factory", protocol);
  return protocol;
}

/** Throws unless the value has the methods of a protocol. */
export function assertProtocol(what: string, value: unknown): void {
  if (isInstance(value, BaseProtocol)) return;
  assertMethods(what, "a protocol", value, "connectionMade", "connectionLost");
}

/** Throws unless `data` can be sent. */
export function assertBytes(method: string, data: unknown): void {
  if (isInstance(data, Uint8Array) || typeof data === "string") return;
  throw wrongType(
    `The data of ${method}()`,
    "a Uint8Array or a string",
    data,
  );
}

/** Throws unless the value is a buffer. */
export function assertBuffer(name: string, value: unknown): void {
  if (isInstance(value, Uint8Array)) return;
  throw wrongType(`The ${name}`, "a Uint8Array", value);
}

/** Throws unless the value is a number of bytes. */
export function assertSize(name: string, value: unknown): void {
  assertInteger(`The ${name}`, value, 0);
}

/** Throws unless the value is a port, or 0. */
export function assertPort(port: unknown): void {
  assertInteger("The port", port, 0, 65535);
}

/** Throws unless the value has the methods of a connection that transports use. */
export function assertConn(name: string, value: unknown): void {
  assertMethods(`The ${name}`, "a Deno.Conn", value, "read", "write", "close");
}

/** Throws unless the value has the methods of a listener. */
export function assertListener(name: string, value: unknown): void {
  assertMethods(`The ${name}`, "a Deno.Listener", value, "accept", "close");
}

/** Throws unless the address belongs to a Unix socket. */
export function assertUnix(name: string, addr: Deno.Addr): void {
  if (addr.transport === "unix") return;
  throw new RangeError(
    `The ${name} must be a Unix socket: received a ${addr.transport} socket`,
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
    `The arguments must include either ${addressName} or a sock: received ${
      hasAddress ? "both" : "neither"
    }`,
  );
}
