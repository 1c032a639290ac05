// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors } from "../core/runtime.ts";
import { wrongType } from "../core/validate.ts";
import type { BaseProtocol } from "./base_protocol.ts";
import type { DatagramSocket } from "./datagram_socket.ts";
import type { ExtraInfo } from "./extra_info.ts";

/** The error for what a transport cannot do. */
export function notSupported(method: string): Error {
  return new errors.NotSupported(
    `${method}() is not supported by this transport`,
  );
}

/**
 * What every transport has: the loop makes transports, and hands them to protocols.
 *
 * The methods of this class throw; what a transport can do, its class overrides. Only
 * {@linkcode BaseTransport.getExtraInfo} works, with what the constructor was given.
 *
 * @typeParam S The type of the socket below.
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
export class BaseTransport<S = Deno.Conn | DatagramSocket> {
  readonly #extra: ExtraInfo<S>;

  /**
   * Constructs a new instance.
   *
   * @param extra What {@linkcode BaseTransport.getExtraInfo} tells.
   */
  constructor(extra: ExtraInfo<S> = {}) {
    if (typeof extra !== "object" || extra === null) {
      throw wrongType("The extra of a transport", "an object", extra);
    }
    this.#extra = extra;
  }

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
   * What is known about the resource below, also after the end: see `ExtraInfo`.
   *
   * @typeParam K What is asked for.
   * @param name What is asked for.
   * @returns The information; `null` if nothing is known.
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
  getExtraInfo<K extends keyof ExtraInfo>(
    name: K,
  ): NonNullable<ExtraInfo<S>[K]> | null;
  /**
   * What is known about the resource below.
   *
   * @typeParam K What is asked for.
   * @typeParam D The type of the default.
   * @param name What is asked for.
   * @param defaultValue What is returned if nothing is known.
   * @returns The information.
   */
  getExtraInfo<
    K extends keyof ExtraInfo,
    D extends NonNullable<unknown> | null,
  >(name: K, defaultValue: D): NonNullable<ExtraInfo<S>[K]> | D;
  /**
   * What is known about the resource below, under any name.
   *
   * @param name What is asked for.
   * @param defaultValue What is returned if nothing is known.
   * @returns The information.
   */
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    // What is no name is none that anything is known by.
    if (typeof name !== "string") return defaultValue;
    if (!Object.hasOwn(this.#extra, name)) return defaultValue;
    return Reflect.get(this.#extra, name) ?? defaultValue;
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
