// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertInteger, hasMethods, wrongType } from "../../core/validate.ts";
import { hostAndPort, isSameHost } from "../dns/host.ts";
// Type-only import: to have such a socket, the program has loaded the module.
import type { RemoteInfo, Socket } from "node:dgram";
import { isUnknownSendError } from "../../core/deno_workarounds.ts";
import { RingBuffer } from "../../core/ring_buffer.ts";
import { errors, isPermitted } from "../../core/runtime.ts";
import type { DatagramConnLike, DatagramSocket } from "../datagram_socket.ts";
import { osErrorOf } from "../stream/failures.ts";
import { closeUnlessClosed } from "../stream/sockets.ts";

/** Returns the address as a `Deno.Addr`; throws unless `transport` can send to it. */
export function datagramAddressOf(
  name: string,
  addr: unknown,
  transport: Deno.Addr["transport"],
): Deno.Addr {
  if (transport !== "unixpacket") return netAddressOf(name, addr, 1);
  if (isObject(addr) && "path" in addr && typeof addr.path === "string") {
    return { transport, path: addr.path };
  }
  throw wrongType(`The ${name}`, "an object with a path", addr);
}

/** Returns the UDP address as a `Deno.NetAddr`; throws unless it is one. */
export function netAddressOf(
  name: string,
  addr: unknown,
  leastPort: number,
): Deno.NetAddr {
  if (
    isObject(addr) && "hostname" in addr && "port" in addr &&
    typeof addr.hostname === "string" && addr.hostname !== ""
  ) {
    const { hostname, port } = addr;
    assertInteger("The port", port, leastPort, 65535);
    return { transport: "udp", hostname, port: port as number };
  }
  throw wrongType(
    `The ${name}`,
    "an object with a hostname and a port",
    addr,
  );
}

/** Returns whether two addresses are equal, ignoring scopes, which senders' addresses do not have. */
export function isSameAddress(one: Deno.Addr, other: Deno.Addr): boolean {
  if ("path" in one) return "path" in other && one.path === other.path;
  return "hostname" in one && "hostname" in other && one.port === other.port &&
    isSameHost(one.hostname, other.hostname);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** A datagram and its sender. */
export type Datagram = [data: Uint8Array<ArrayBuffer>, addr: Deno.Addr];

/** A datagram socket of either kind. */
export interface DatagramLink {
  /** The underlying socket. */
  readonly socket: DatagramSocket;
  readonly localAddr: Deno.Addr;
  /** The remote address; datagrams from elsewhere are dropped. Deno cannot connect a datagram socket itself. */
  remoteAddr: Deno.Addr | null;
  /** Receives the next datagram, which the caller may keep. Rejects when the socket is closed. */
  receive(): Promise<Datagram>;
  /** Allows sending to broadcast addresses. */
  allowBroadcast(): void;
  /** Sends a datagram, in the order of the calls. The bytes must not change until then. */
  send(data: Uint8Array, addr: Deno.Addr): Promise<void>;
  /** Closes the socket. A second call is a no-op. */
  close(): void;
}

/**
 * The links, one for each socket: a received datagram goes to the next call of `receive()`, through whichever API.
 */
const links = new WeakMap<object, DatagramLink>();

/** Returns the link of a bound socket. */
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

/** Returns whether `value` is a datagram socket. */
export function isDatagramSocket(
  value: unknown,
): value is DatagramSocket {
  return isDgramSocket(value) || isDatagramConn(value);
}

/** Returns whether the socket is bound and open. */
export function isBound(socket: DatagramSocket): boolean {
  if (!isDgramSocket(socket)) return true;
  try {
    socket.address();
    return true;
  } catch {
    return false;
  }
}

// Checked by their methods, as `instanceof` would need to load `node:dgram`.

function isDgramSocket(value: unknown): value is Socket {
  return hasMethods(value, "bind", "send", "addMembership");
}

function isDatagramConn(value: unknown): value is DatagramConnLike {
  return hasMethods(value, "receive", "send", "close");
}

/** A link over a `Deno.DatagramConn`. */
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

  /** Does nothing: simulated networks always allow it. */
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

/**
 * The maximum size of datagrams that wait to be received, in bytes. More are dropped, as from a full system buffer.
 */
const MAX_WAITING = 256 * 1024;
/** The overhead of a datagram in memory, so that empty ones are limited, too. */
const OVERHEAD = 256;

/** A link over a bound `node:dgram` socket. */
class DgramLink implements DatagramLink {
  readonly socket: Socket;
  readonly localAddr: Deno.NetAddr;
  remoteAddr: Deno.Addr | null;
  /** Whether the library has enabled broadcasts. */
  #mayBroadcast = false;
  /** Whether user code has connected the socket, which then accepts no address. */
  readonly #isConnected: boolean;
  /** The datagrams that have arrived and wait for `receive()`. */
  readonly #arrivals = new RingBuffer<Datagram>();
  #waitingBytes = 0;
  readonly #receivers: PromiseWithResolvers<Datagram>[] = [];
  #isClosed = false;
  /** The last pending send. Each waits for the one before, as Deno may reorder concurrent sends. */
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
      // User code has closed it through getExtraInfo("socket").
    }
  }

  #send(data: Uint8Array, addr: Deno.NetAddr): Promise<void> {
    return new Promise((resolve, reject) => {
      const onSent = (error: Error | null) => {
        if (!error) resolve();
        // Deno remembers each permission that it is asked about, so it is not asked in vain.
        else if (this.#isClosed) reject(closedError());
        else reject(sendErrorOf(error, addr, this.#mayBroadcast));
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
    // Copied, as each message would retain a block of 64 KiB.
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
    return null; // The socket is not connected.
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
    `Cannot send to ${host} without allowBroadcast or setBroadcast(true), as it is a broadcast address`,
    { cause: error },
  );
  return Object.assign(denied, { code: "EACCES" });
}

/**
 * Returns whether the address looks like a broadcast address. Only the netmasks of the interfaces would tell for
 * certain.
 */
function isLikeBroadcast(hostname: string): boolean {
  return hostname.endsWith(".255");
}

function closedError(): Error {
  return new errors.BadResource("The socket is closed");
}

/** Returns whether an operation failed because the socket is closed. */
export function isClosedError(error: unknown): boolean {
  return error instanceof errors.BadResource ||
    error instanceof errors.Interrupted;
}
