// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: whoever has such a socket has loaded the module.
import type { RemoteInfo, Socket } from "node:dgram";
import { isUnknownSendError } from "../../core/deno_workarounds.ts";
import { RingBuffer } from "../../core/ring_buffer.ts";
import { errors, isPermitted } from "../../core/runtime.ts";
import { hasMethods } from "../../core/validate.ts";
import type { DatagramConnLike, DatagramSocket } from "../datagram_socket.ts";
import { hostAndPort } from "../dns/host.ts";
import { osErrorOf } from "../stream/failures.ts";
import { closeUnlessClosed } from "../stream/sockets.ts";
import { isSameAddress } from "./datagram_address.ts";

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
  /** Allows sending to broadcast addresses. */
  allowBroadcast(): void;
  /** Sends the bytes, in the order of the calls. They must stay as they are until then. */
  send(data: Uint8Array, addr: Deno.Addr): Promise<void>;
  /** Closes the socket, however often it is called. */
  close(): void;
}

/** One link a socket: what it received and nobody took belongs to whoever receives next. */
const links = new WeakMap<object, DatagramLink>();

/** The link over a socket, which is bound. */
export function datagramLinkOf(
  socket: DatagramSocket,
): DatagramLink {
  let link = links.get(socket);
  if (link === undefined) {
    link = isDgramSocket(socket)
      ? new DgramLink(socket)
      : new DatagramConnLink(socket);
    links.set(socket, link);
  }
  return link;
}

/** Whether `value` is a socket of datagrams. */
export function isDatagramSocket(
  value: unknown,
): value is DatagramSocket {
  return isDgramSocket(value) || isDatagramConn(value);
}

/** Whether the socket has an address of its own, and is open. */
export function isBound(socket: DatagramSocket): boolean {
  if (!isDgramSocket(socket)) return true;
  try {
    socket.address();
    return true;
  } catch {
    return false;
  }
}

// By what they can do: to ask for their classes would load `node:dgram`.

function isDgramSocket(value: unknown): value is Socket {
  return hasMethods(value, "bind", "send", "addMembership");
}

function isDatagramConn(value: unknown): value is DatagramConnLike {
  return hasMethods(value, "receive", "send", "close");
}

/** A link over what `Deno.listenDatagram()` gives. */
class DatagramConnLink implements DatagramLink {
  readonly socket: DatagramConnLike;
  readonly localAddr: Deno.Addr;
  remoteAddr: Deno.Addr | null = null;
  #sent: Promise<unknown> = Promise.resolve();

  constructor(socket: DatagramConnLike) {
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

  /** Nothing in memory forbids it. */
  allowBroadcast(): void {}

  async send(data: Uint8Array, addr: Deno.Addr): Promise<void> {
    const sending = this.#sent.then(() => this.socket.send(data, addr));
    this.#sent = sending.catch(() => {});
    await sending;
  }

  close(): void {
    closeUnlessClosed(this.socket);
  }
}

/** How many bytes may wait to be received; as from a full buffer of the system's, more are dropped. */
const MAX_WAITING = 256 * 1024;
/** What a datagram counts beside its bytes: empty ones take memory too. */
const OVERHEAD = 256;

/** A link over a socket of `node:dgram`, which is bound. */
class DgramLink implements DatagramLink {
  readonly socket: Socket;
  readonly localAddr: Deno.NetAddr;
  remoteAddr: Deno.Addr | null;
  /** Whether the library had the system allow broadcasts. */
  #mayBroadcast = false;
  /** Whether the socket was connected before: it takes no address then. */
  readonly #isConnected: boolean;
  /** What arrived and nobody has asked for yet. */
  readonly #arrivals = new RingBuffer<Datagram>();
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
    if (this.#arrivals.size > 0) {
      const arrival = this.#arrivals.take();
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

  allowBroadcast(): void {
    this.socket.setBroadcast(true);
    this.#mayBroadcast = true;
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
        if (error) reject(sendErrorOf(error, addr, this.#mayBroadcast));
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
    this.#arrivals.clear();
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

function sendErrorOf(
  error: Error,
  { hostname, port }: Deno.NetAddr,
  mayBroadcast: boolean,
): Error {
  if (!isUnknownSendError(error)) return osErrorOf(error);
  const host = hostAndPort(hostname, port);
  if (!isPermitted({ name: "net", host })) {
    return new errors.NotCapable(
      `Requires net access to "${host}", run again with the --allow-net flag`,
      { cause: error },
    );
  }
  if (mayBroadcast || !isLikeBroadcast(hostname)) return osErrorOf(error);
  const denied = new errors.PermissionDenied(
    `Cannot send to ${host} as a broadcast address needs allowBroadcast or setBroadcast(true)`,
    { cause: error },
  );
  return Object.assign(denied, { code: "EACCES" });
}

/** Whether it looks like a broadcast address: which of them are, the masks of the interfaces say. */
function isLikeBroadcast(hostname: string): boolean {
  return hostname.endsWith(".255");
}

function closedError(): Error {
  return new errors.BadResource("The socket is closed");
}

/** Whether the socket has been closed, if that is what failed. */
export function isClosedError(error: unknown): boolean {
  return error instanceof errors.BadResource ||
    error instanceof errors.Interrupted;
}
