// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: whoever has such a socket has loaded the module.
import type { RemoteInfo, Socket } from "node:dgram";
import type { Datagram, DatagramLink } from "./_datagram_link.ts";
import { osErrorOf } from "./_os_error.ts";

/** How many bytes may wait to be received; as from a full buffer of the system's, more are dropped. */
const MAX_WAITING = 256 * 1024;

/** A link over a socket of `node:dgram`, which is bound. */
export class DgramLink implements DatagramLink {
  readonly socket: Socket;
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr | null;
  /** What arrived and nobody has asked for yet. */
  readonly #arrivals: Datagram[] = [];
  #waitingBytes = 0;
  readonly #receivers: PromiseWithResolvers<Datagram>[] = [];
  #isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.localAddr = addrOf(socket.address());
    this.remoteAddr = remoteAddrOf(socket);
    socket.on("message", this.#onMessage);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  receive(): Promise<Datagram> {
    if (this.#isClosed) return Promise.reject(closedError());
    const arrival = this.#arrivals.shift();
    if (arrival !== undefined) {
      this.#waitingBytes -= arrival[0].length;
      return Promise.resolve(arrival);
    }
    const receiver = Promise.withResolvers<Datagram>();
    this.#receivers.push(receiver);
    return receiver.promise;
  }

  send(data: Uint8Array, addr: Deno.NetAddr | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const onSent = (error: Error | null) => {
        if (error) reject(osErrorOf(error));
        else resolve();
      };
      try {
        if (addr === null) this.socket.send(data, onSent);
        else this.socket.send(data, addr.port, addr.hostname, onSent);
      } catch (error) {
        reject(osErrorOf(error));
      }
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#onClose();
    try {
      this.socket.close();
    } catch {
      // Whoever took it by getExtraInfo("socket") has closed it.
    }
  }

  readonly #onMessage = (message: Uint8Array, from: RemoteInfo): void => {
    if (this.#waitingBytes + message.length > MAX_WAITING) return;
    // A copy, as each message comes in a block of 64 KiB.
    const datagram: Datagram = [new Uint8Array(message), addrOf(from)];
    const receiver = this.#receivers.shift();
    if (receiver !== undefined) {
      receiver.resolve(datagram);
      return;
    }
    this.#waitingBytes += message.length;
    this.#arrivals.push(datagram);
  };

  readonly #onError = (error: Error): void => {
    this.#receivers.shift()?.reject(osErrorOf(error));
  };

  readonly #onClose = (): void => {
    this.#isClosed = true;
    for (const receiver of this.#receivers) receiver.reject(closedError());
    this.#receivers.length = 0;
    this.#arrivals.length = 0;
  };
}

function addrOf(
  { address, port }: { address: string; port: number },
): Deno.NetAddr {
  return { transport: "udp", hostname: address, port };
}

function remoteAddrOf(socket: Socket): Deno.NetAddr | null {
  try {
    return addrOf(socket.remoteAddress());
  } catch {
    return null; // It is not connected.
  }
}

function closedError(): Error {
  return new Deno.errors.BadResource("The socket is closed");
}
