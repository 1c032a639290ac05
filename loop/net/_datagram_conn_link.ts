// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Datagram, DatagramLink } from "./_datagram_link.ts";

/** A link over what `Deno.listenDatagram()` gives. */
export class DatagramConnLink implements DatagramLink {
  readonly socket: Deno.DatagramConn;
  readonly localAddr: Deno.Addr;
  readonly remoteAddr = null;

  constructor(socket: Deno.DatagramConn) {
    this.socket = socket;
    this.localAddr = socket.addr;
  }

  receive(): Promise<Datagram> {
    return this.socket.receive();
  }

  async send(data: Uint8Array, addr: Deno.Addr | null): Promise<void> {
    if (addr === null) throw new TypeError("The socket is not connected");
    await this.socket.send(data, addr);
  }

  close(): void {
    try {
      this.socket.close();
    } catch (error) {
      // Whoever took it by getExtraInfo("socket") may have closed it.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}
