// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors } from "../core/runtime.ts";
import { wrongType } from "../core/validate.ts";
import type { BaseProtocol } from "./base_protocol.ts";
import type { DatagramSocket } from "./datagram_socket.ts";
import type { ExtraInfo } from "./extra_info.ts";

/** Returns the error for a method that a transport does not support. */
export function notSupported(method: string): Error {
  return new errors.NotSupported(
    `${method}() is not supported by this transport`,
  );
}

/**
 * The base class of all transports. The loop creates transports and passes them to protocols.
 *
 * The methods of this class throw; subclasses override those that they support. Only
 * {@linkcode BaseTransport.getExtraInfo} works, with the information that was passed to the constructor.
 *
 * @typeParam S The type of the underlying socket.
 *
 * @example Usage
 * ```ts
 * import { BaseTransport } from "@asyncio/asyncio/loop";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new BaseTransport().close(), Deno.errors.NotSupported);
 * ```
 *
 * @category Transports and protocols
 * @see {@link https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport}
 */
export class BaseTransport<S = Deno.Conn | DatagramSocket> {
  readonly #extra: ExtraInfo<S>;

  /**
   * Constructs a new instance.
   *
   * @param extra The information that {@linkcode BaseTransport.getExtraInfo} returns.
   */
  constructor(extra: ExtraInfo<S> = {}) {
    if (typeof extra !== "object" || extra === null) {
      throw wrongType("The extra of a transport", "an object", extra);
    }
    this.#extra = extra;
  }

  /**
   * Closes the transport: stops receiving, sends buffered data, then calls the protocol's `connectionLost(null)`. A
   * second call is a no-op.
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
   * Returns whether the transport is closed or closing.
   *
   * @returns `true` if it is closed or closing.
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
   * Returns information about the underlying resource, even after the transport has ended. `ExtraInfo` has the
   * names.
   *
   * @typeParam K The name of the information.
   * @param name The name of the information.
   * @returns The information; `null` if there is none.
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
   * Returns information about the underlying resource, or a default value.
   *
   * @typeParam K The name of the information.
   * @typeParam D The type of the default.
   * @param name The name of the information.
   * @param defaultValue The value to return if there is none.
   * @returns The information.
   */
  getExtraInfo<
    K extends keyof ExtraInfo,
    D extends NonNullable<unknown> | null,
  >(name: K, defaultValue: D): NonNullable<ExtraInfo<S>[K]> | D;
  /**
   * Returns information about the underlying resource, for a name that is not checked.
   *
   * @param name The name of the information.
   * @param defaultValue The value to return if there is none.
   * @returns The information.
   */
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    if (typeof name !== "string") return defaultValue;
    if (!Object.hasOwn(this.#extra, name)) return defaultValue;
    return Reflect.get(this.#extra, name) ?? defaultValue;
  }

  /**
   * Sets the protocol.
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
   * Returns the current protocol.
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
