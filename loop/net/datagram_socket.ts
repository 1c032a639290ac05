// Copyright 2026 the asyncio for Deno authors. MIT license.

// Type-only import: to have such a socket, the program has loaded the module.
import type { Socket } from "node:dgram";

/**
 * The part of `Deno.DatagramConn` that the library uses. `Deno.DatagramConn` itself is missing in programs whose
 * `lib` does not include `deno.unstable`.
 *
 * @category Transports and protocols
 */
export interface DatagramConnLike {
  /** The local address. */
  readonly addr: Deno.Addr;
  /** Waits for a datagram. */
  receive(): Promise<[Uint8Array<ArrayBuffer>, Deno.Addr]>;
  /** Sends a datagram and returns its size. */
  send(data: Uint8Array, addr: Deno.Addr): Promise<number>;
  /** Closes the socket. */
  close(): void;
}

/**
 * A datagram socket, from `node:dgram` or `Deno.listenDatagram()`.
 *
 * @category Transports and protocols
 */
export type DatagramSocket = Socket | DatagramConnLike;
