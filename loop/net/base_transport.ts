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
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   transport.write("hello");
   *   transport.close();
   *   assertEquals(await new Response(readable).text(), "hello");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.close}
   */
  close(): void {
    throw notSupported("close");
  }

  /**
   * Whether the transport is closed or about to be.
   *
   * @returns `true` if it is.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   assertEquals(transport.isClosing(), false);
   *   transport.close();
   *   assertEquals(transport.isClosing(), true);
   *   await readable.cancel();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.is_closing}
   */
  isClosing(): boolean {
    throw notSupported("isClosing");
  }

  /**
   * What is known about the resource below: `"peername"` and `"sockname"` are addresses, `"socket"` is
   * the `Deno.Conn`, and `"pipe"` what was given to `connectReadPipe()` or `connectWritePipe()`.
   *
   * Of an encrypted connection there are also `"sslobject"` (or `"ssl_object"`), a `TlsInfo`;
   * `"sslcontext"`, the `TlsOptions`; `"peercert"` and `"cipher"`, which Deno does not tell where it
   * encrypts itself.
   *
   * @param _name What is asked for.
   * @param defaultValue What is returned if nothing is known.
   * @returns The information.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   assertEquals(transport.getExtraInfo("pipe"), writable);
   *   assertEquals(transport.getExtraInfo("peername", "nobody"), "nobody");
   *   transport.abort();
   *   await readable.cancel();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.get_extra_info}
   */
  getExtraInfo(_name: string, defaultValue: unknown = null): unknown {
    return defaultValue;
  }

  /**
   * Hands the transport to another protocol.
   *
   * @param _protocol The protocol.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const pipe = new Blob(["hello"]).stream();
   *   const [transport] = await getRunningLoop()
   *     .connectReadPipe(() => new Protocol(), pipe);
   *   const other = new Protocol();
   *   transport.setProtocol(other);
   *   assertEquals(transport.getProtocol(), other);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.set_protocol}
   */
  setProtocol(_protocol: BaseProtocol): void {
    throw notSupported("setProtocol");
  }

  /**
   * The protocol.
   *
   * @returns The protocol.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { Protocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const pipe = new Blob(["hello"]).stream();
   *   const [transport] = await getRunningLoop()
   *     .connectReadPipe(() => new Protocol(), pipe);
   *   assertEquals(transport.getProtocol() instanceof Protocol, true);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport.get_protocol}
   */
  getProtocol(): BaseProtocol {
    throw notSupported("getProtocol");
  }
}
