// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { BaseProtocol } from "./base_protocol.ts";

/** The error for what a transport cannot do. */
export function notSupported(method: string): Error {
  return new Deno.errors.NotSupported(
    `${method}() is not supported by this transport`,
  );
}

/**
 * What every transport has: the loop makes transports, and hands them to protocols.
 *
 * The methods of this class throw; what a transport can do, its class overrides.
 *
 * @example Usage
 * ```ts
 * import { BaseTransport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new BaseTransport().close(), Deno.errors.NotSupported);
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport}
 */
export class BaseTransport {
  /**
   * Closes the transport: what is buffered is sent first, nothing more is received, and then the
   * protocol's `connectionLost(null)` is called. Closing twice does nothing.
   */
  close(): void {
    throw notSupported("close");
  }

  /**
   * Whether the transport is closed or about to be.
   *
   * @returns `true` if it is.
   */
  isClosing(): boolean {
    throw notSupported("isClosing");
  }

  /**
   * What is known about the resource below: `"peername"` and `"sockname"` are addresses, `"socket"` is
   * the `Deno.Conn`.
   *
   * @param _name What is asked for.
   * @param defaultValue What is returned if nothing is known.
   * @returns The information.
   */
  getExtraInfo(_name: string, defaultValue: unknown = null): unknown {
    return defaultValue;
  }

  /**
   * Hands the transport to another protocol.
   *
   * @param _protocol The protocol.
   */
  setProtocol(_protocol: BaseProtocol): void {
    throw notSupported("setProtocol");
  }

  /**
   * The protocol.
   *
   * @returns The protocol.
   */
  getProtocol(): BaseProtocol {
    throw notSupported("getProtocol");
  }
}
