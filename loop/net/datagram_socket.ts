// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: whoever has such a socket has loaded the module.
import type { Socket } from "node:dgram";

/**
 * What is needed of a `Deno.DatagramConn`. That itself is unknown to a program whose `lib` leaves
 * `deno.unstable` out.
 */
export interface DatagramConnLike {
  /** Where it is bound. */
  readonly addr: Deno.Addr;
  /** Waits for a datagram. */
  receive(): Promise<[Uint8Array<ArrayBuffer>, Deno.Addr]>;
  /** Sends a datagram, and gives its size. */
  send(data: Uint8Array, addr: Deno.Addr): Promise<number>;
  /** Closes the socket. */
  close(): void;
}

/** A socket of datagrams: one of `node:dgram`, or what `Deno.listenDatagram()` gives. */
export type DatagramSocket = Socket | DatagramConnLike;
