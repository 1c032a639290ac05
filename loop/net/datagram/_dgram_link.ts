// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: whoever has such a socket has loaded the module.
import type { RemoteInfo, Socket } from "node:dgram";
import { isSameAddress } from "./datagram_address.ts";
import type { Datagram, DatagramLink } from "./datagram_link.ts";
import { hostAndPort } from "../dns/ip_literal.ts";
import { codeOf, osErrorOf } from "../engine/os_error.ts";
import { errors, isPermitted } from "../../runtime.ts";

/** How many bytes may wait to be received; as from a full buffer of the system's, more are dropped. */
const MAX_WAITING = 256 * 1024;
/** What a datagram counts beside its bytes: empty ones take memory too. */
const OVERHEAD = 256;

/** A link over a socket of `node:dgram`, which is bound. */
export class DgramLink implements DatagramLink {
  readonly socket: Socket;
  readonly localAddr: Deno.NetAddr;
  remoteAddr: Deno.Addr | null;
  /** Whether the socket was connected before: it takes no address then. */
  readonly #isConnected: boolean;
  /** What arrived and nobody has asked for yet. */
  readonly #arrivals: Datagram[] = [];
  #waitingBytes = 0;
  readonly #receivers: PromiseWithResolvers<Datagram>[] = [];
  #isClosed = false;
  /** Settles with the last that is being sent: Deno sends several at once in any order. */
  #sent: Promise<unknown> = Promise.resolve();

  constructor(socket: Socket) {
    this.socket = socket;
    this.localAddr = addrOf(socket.address());
    this.remoteAddr = remoteAddrOf(socket);
    this.#isConnected = this.remoteAddr !== null;
    socket.on("message", this.#onMessage);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  receive(): Promise<Datagram> {
    if (this.#isClosed) return Promise.reject(closedError());
    const arrival = this.#arrivals.shift();
    if (arrival !== undefined) {
      this.#waitingBytes -= arrival[0].length + OVERHEAD;
      return Promise.resolve(arrival);
    }
    const receiver = Promise.withResolvers<Datagram>();
    this.#receivers.push(receiver);
    return receiver.promise;
  }

  send(data: Uint8Array, addr: Deno.NetAddr): Promise<void> {
    const sending = this.#sent.then(() => this.#send(data, addr));
    this.#sent = sending.catch(() => {});
    return sending;
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

  #send(data: Uint8Array, addr: Deno.NetAddr): Promise<void> {
    return new Promise((resolve, reject) => {
      const onSent = (error: Error | null) => {
        if (error) reject(sendErrorOf(error, addr));
        else resolve();
      };
      try {
        if (this.#isConnected) this.socket.send(data, onSent);
        else this.socket.send(data, addr.port, addr.hostname, onSent);
      } catch (error) {
        reject(osErrorOf(error));
      }
    });
  }

  readonly #onMessage = (message: Uint8Array, from: RemoteInfo): void => {
    const addr = addrOf(from);
    if (this.remoteAddr !== null && !isSameAddress(addr, this.remoteAddr)) {
      return;
    }
    const size = message.length + OVERHEAD;
    if (this.#waitingBytes + size > MAX_WAITING) return;
    // A copy, as each message comes in a block of 64 KiB.
    const datagram: Datagram = [new Uint8Array(message), addr];
    const receiver = this.#receivers.shift();
    if (receiver !== undefined) {
      receiver.resolve(datagram);
      return;
    }
    this.#waitingBytes += size;
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

/** What is not permitted, Node calls unknown. */
function sendErrorOf(error: Error, { hostname, port }: Deno.NetAddr): Error {
  const host = hostAndPort(hostname, port);
  if (
    codeOf(error) !== "UNKNOWN" ||
    isPermitted({ name: "net", host })
  ) return osErrorOf(error);
  return new errors.NotCapable(
    `Requires net access to "${host}", run again with the --allow-net flag`,
    { cause: error },
  );
}

function closedError(): Error {
  return new errors.BadResource("The socket is closed");
}
