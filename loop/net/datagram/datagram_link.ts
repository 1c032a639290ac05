// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { DatagramSocket } from "../datagram_socket.ts";
import { errors } from "../../runtime.ts";

/** A datagram and its sender. */
export type Datagram = [data: Uint8Array<ArrayBuffer>, addr: Deno.Addr];

/** What sends and receives datagrams, whichever kind of socket it is. */
export interface DatagramLink {
  /** The socket itself. */
  readonly socket: DatagramSocket;
  readonly localAddr: Deno.Addr;
  /** Where the link is connected to: nothing is received from elsewhere. Deno itself connects nothing. */
  remoteAddr: Deno.Addr | null;
  /** The next datagram; the bytes are the caller's. Fails when the socket is closed. */
  receive(): Promise<Datagram>;
  /** Sends the bytes, in the order of the calls. They must stay as they are until then. */
  send(data: Uint8Array, addr: Deno.Addr): Promise<void>;
  /** Closes the socket, however often it is called. */
  close(): void;
}

/** Whether the socket has been closed, if that is what failed. */
export function isOfClosed(error: unknown): boolean {
  return error instanceof errors.BadResource ||
    error instanceof errors.Interrupted;
}
