// Copyright 2026 the asyncio for Deno authors. MIT license.

import { closeUnlessClosed } from "../engine/close_unless_closed.ts";
import { isSameAddress } from "./datagram_address.ts";
import type { Datagram, DatagramLink } from "./datagram_link.ts";

/** A link over what `Deno.listenDatagram()` gives. */
export class DatagramConnLink implements DatagramLink {
  readonly socket: Deno.DatagramConn;
  readonly localAddr: Deno.Addr;
  remoteAddr: Deno.Addr | null = null;
  #sent: Promise<unknown> = Promise.resolve();

  constructor(socket: Deno.DatagramConn) {
    this.socket = socket;
    this.localAddr = socket.addr;
  }

  async receive(): Promise<Datagram> {
    while (true) {
      const datagram = await this.socket.receive();
      const { remoteAddr } = this;
      if (remoteAddr === null || isSameAddress(datagram[1], remoteAddr)) {
        return datagram;
      }
    }
  }

  async send(data: Uint8Array, addr: Deno.Addr): Promise<void> {
    const sending = this.#sent.then(() => this.socket.send(data, addr));
    this.#sent = sending.catch(() => {});
    await sending;
  }

  close(): void {
    closeUnlessClosed(this.socket);
  }
}
