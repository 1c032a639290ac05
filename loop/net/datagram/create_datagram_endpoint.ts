// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Outcome } from "../../core/outcome.ts";
import { RingBuffer } from "../../core/ring_buffer.ts";
import {
  type Resource,
  type Scheduler,
  schedulerOf,
} from "../../core/scheduler.ts";
import type { BaseProtocol, DatagramProtocol } from "../protocols.ts";
import {
  DatagramTransport,
  setWriteBuffer,
  WriteBuffer,
} from "../transports.ts";
import {
  assertBytes,
  assertFactory,
  assertProtocol,
  makeProtocol,
} from "../stream/assertions.ts";
import {
  CallbackContext,
  completionOf,
  networkOf,
  startTransport,
  Turn,
} from "../stream/callbacks.ts";
import { asError } from "../../core/unknown_value.ts";
import { osErrorOf, reasonOf } from "../stream/failures.ts";
import { claim } from "../stream/sockets.ts";
import type { HostAddress } from "../options.ts";
import {
  type Datagram,
  datagramAddressOf,
  type DatagramLink,
  datagramLinkOf,
  isBound,
  isClosedError,
  isDatagramSocket,
  isSameAddress,
  netAddressOf,
} from "./datagram_link.ts";
import { warn } from "../../core/errors.ts";
// Type-only import: the module is loaded when a socket is created.
import type { Socket } from "node:dgram";
import type { EventLoop } from "../../event_loop.ts";
import { errors, OS } from "../../core/runtime.ts";
import {
  assertFlags,
  assertOneOf,
  assertOptions,
  wrongType,
} from "../../core/validate.ts";
import type { DatagramSocket } from "../datagram_socket.ts";
import { resolveHost } from "../dns/names.ts";
import { ipLiteralOf } from "../dns/host.ts";

/** The size of a header, which counts towards the buffer. */
const HEADER_SIZE = 8;

/** The number of sends after the end that are discarded without a warning. */
const MAX_SILENT_SENDS = 5;

const encoder = new TextEncoder();

/** A transport over a datagram socket. */
class DatagramEndpoint extends DatagramTransport implements Resource {
  readonly #link: DatagramLink;
  /** The default address. If it is not `null`, it is the only valid one. */
  readonly #target: Deno.Addr | null;
  readonly #context: CallbackContext;
  #protocol: DatagramProtocol;

  /** Closing: receiving has stopped and sends are discarded. */
  #isClosing = false;
  /** Whether `connectionLost()` has been called. */
  #isEnded = false;

  readonly #queue = new RingBuffer<[data: Uint8Array, addr: Deno.Addr]>();
  /** The size of the queue in bytes, including headers. */
  readonly #queued = { size: 0 };
  readonly #buffer: WriteBuffer;
  #isSending = false;
  #sendsAfterEnd = 0;

  /** Requires the callback context. Call `start()` next. */
  constructor(
    link: DatagramLink,
    target: Deno.Addr | null,
    protocol: DatagramProtocol,
    context: CallbackContext,
  ) {
    const { socket, localAddr: sockname, remoteAddr: peername } = link;
    super({ socket, sockname, peername });
    this.#link = link;
    this.#target = target;
    this.#protocol = protocol;
    this.#context = context;
    // The caller may be a task, but protocol callbacks run outside any task.
    this.#buffer = new WriteBuffer(
      this.#queued,
      (method) => context.run(() => this.#call(method)),
    );
    setWriteBuffer(this, this.#buffer);
    claim(socket, this);
    context.scheduler.resources.add(this);
  }

  /** Calls `connectionMade()`. Called once, in a step and in the callback context. */
  start(): void {
    if (!this.#isEnded) this.#call("connectionMade", this);
    void this.#receive();
  }

  override setProtocol(protocol: BaseProtocol): void {
    assertProtocol("The protocol of setProtocol()", protocol);
    this.#protocol = protocol as DatagramProtocol;
  }

  override getProtocol(): BaseProtocol {
    return this.#protocol;
  }

  override isClosing(): boolean {
    return this.#isClosing;
  }

  override close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#queue.size === 0) this.#endSoon(null);
  }

  override abort(): void {
    this.#forceEnd(null);
  }

  // Receiving.

  /** Stays in the callback context throughout. */
  async #receive(): Promise<void> {
    const { scheduler } = this.#context;
    const turn = new Turn(scheduler);
    while (!this.#isClosing) {
      let incoming: Outcome<Datagram>;
      try {
        incoming = { value: await this.#link.receive() };
      } catch (error) {
        incoming = { error };
      }
      if (this.#isClosing) return;
      await turn;
      if (!this.#isClosing) this.#deliver(incoming);
      scheduler.proceed();
    }
  }

  #deliver(incoming: Outcome<Datagram>): void {
    if ("error" in incoming) this.#onError(incoming.error);
    else this.#call("datagramReceived", ...incoming.value);
  }

  // Sending.

  override sendTo(
    data: Uint8Array | string,
    addr: HostAddress | Deno.UnixAddr | null = null,
  ): void {
    assertBytes("sendTo", data);
    const target = this.#targetOf(addr);
    if (this.#isClosing) {
      this.#warnOfSendAfterEnd();
      return;
    }
    const bytes = typeof data === "string"
      ? encoder.encode(data)
      : new Uint8Array(data);
    this.#queue.push([bytes, target]);
    this.#queued.size += bytes.length + HEADER_SIZE;
    if (!this.#isSending) this.#context.run(() => void this.#send());
    this.#buffer.pauseIfFull();
  }

  #targetOf(addr: HostAddress | Deno.UnixAddr | null): Deno.Addr {
    const target = this.#target;
    if (addr === null) {
      if (target !== null) return target;
      throw new TypeError(
        "The addr of sendTo() must be an address, as the endpoint has no remote address: received none",
      );
    }
    const { transport } = this.#link.localAddr;
    const named = datagramAddressOf("addr", addr, transport);
    if (target === null || isSameAddress(named, target)) return target ?? named;
    throw new RangeError(
      `The addr must be omitted or be the endpoint's remote address: received ${
        JSON.stringify(addr)
      }`,
    );
  }

  /** Sends the queue. Stays in the callback context throughout. */
  async #send(): Promise<void> {
    const { scheduler } = this.#context;
    const turn = new Turn(scheduler);
    this.#isSending = true;
    while (this.#queue.size > 0) {
      const [data, addr] = this.#queue.first!;
      let failure: { readonly error: unknown } | null = null;
      try {
        await this.#link.send(data, addr);
      } catch (error) {
        failure = { error };
      }
      if (this.#queue.size === 0) return; // Aborted.
      this.#queue.take();
      this.#queued.size -= data.length + HEADER_SIZE;
      if (failure === null && !this.#buffer.isPaused && !this.#isClosing) {
        continue;
      }
      await turn;
      if (!this.#isEnded) this.#afterSend(failure);
      scheduler.proceed();
    }
    this.#isSending = false;
  }

  #afterSend(failure: { readonly error: unknown } | null): void {
    if (failure !== null) this.#onError(failure.error);
    this.#buffer.resumeIfDrained();
    // The protocol may have sent more.
    if (this.#isClosing && this.#queue.size === 0) this.#endSoon(null);
  }

  #warnOfSendAfterEnd(): void {
    if (this.#sendsAfterEnd++ < MAX_SILENT_SENDS) return;
    warn("Nothing was sent: the endpoint is closed or closing");
  }

  // The end.

  #onError(error: unknown): void {
    if (isClosedError(error)) this.#forceEnd(error);
    else this.#call("errorReceived", asError(error));
  }

  /** Calls the protocol. As in asyncio, an error in a datagram protocol does not close the transport. */
  #call<M extends ProtocolMethod>(
    method: M,
    ...args: Parameters<DatagramProtocol[M]>
  ): void {
    try {
      Reflect.apply(this.#protocol[method], this.#protocol, args);
    } catch (exception) {
      this.#context.scheduler.report({
        message: `protocol.${method}() failed`,
        exception,
        transport: this,
        protocol: this.#protocol,
      });
    }
  }

  /** Ends without sending the queue. */
  #forceEnd(error: unknown): void {
    if (this.#isEnded) return;
    this.#isClosing = true;
    this.#queue.clear();
    this.#queued.size = 0;
    this.#buffer.cancelPause();
    this.#endSoon(error);
  }

  #endSoon(error: unknown): void {
    this.#context.enqueue(() => this.#end(error));
  }

  #end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#call("connectionLost", reasonOf(error));
    this.#context.scheduler.resources.delete(this);
    this.#link.close();
  }

  /** Releases the resources as the loop is closed. The protocol is no longer called. */
  abandon(): void {
    this.#isEnded = true;
    this.#isClosing = true;
    this.#queue.clear();
    this.#link.close();
  }
}

type ProtocolMethod =
  | "connectionMade"
  | "connectionLost"
  | "datagramReceived"
  | "errorReceived"
  | "pauseWriting"
  | "resumeWriting";

/**
 * The options of `loop.createDatagramEndpoint()`.
 *
 * @category Transports and protocols
 */
export interface DatagramEndpointOptions {
  /** The local address; port 0 for any free one. */
  localAddr?: HostAddress | undefined;
  /** The remote address: the only one to send to and receive from. */
  remoteAddr?: HostAddress | undefined;
  /** The IP version, if the addresses do not determine it. Required without addresses. */
  family?: 4 | 6 | undefined;
  /** Whether other sockets with this option may bind to the same port. Supported by Deno on macOS and BSD. */
  reusePort?: boolean | undefined;
  /**
   * Whether datagrams may be sent to a broadcast address. Datagrams from other senders than the remote address are
   * then received, too.
   */
  allowBroadcast?: boolean | undefined;
  /** A bound socket to use instead of the other options. The transport closes it. */
  sock?: DatagramSocket | undefined;
}

/** Implements `loop.createDatagramEndpoint()`. */
export async function createDatagramEndpoint<P extends DatagramProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  options: DatagramEndpointOptions,
): Promise<[DatagramTransport, P]> {
  assertFactory("createDatagramEndpoint", protocolFactory);
  assertEndpointOptions(options);
  const scheduler = schedulerOf(loop);
  const [link, target] = options.sock === undefined
    ? await openDatagramLink(scheduler, options)
    : adoptSocket(options.sock);
  return await establish(scheduler, link, target, protocolFactory);
}

/**
 * The systems where Deno sets `SO_REUSEADDR` for this option, which lets one socket take all datagrams of another.
 */
const WITHOUT_REUSE_PORT: readonly string[] = ["linux", "android", "windows"];

function assertEndpointOptions(options: DatagramEndpointOptions): void {
  const caller = "createDatagramEndpoint";
  assertOptions(caller, options);
  assertFlags(caller, options, "allowBroadcast", "reusePort");
  const { sock, ...others } = options;
  const { localAddr, remoteAddr, family, reusePort } = options;
  if (sock !== undefined) {
    assertSocket(sock);
    const extra = Object.entries(others).filter(([_, value]) => value);
    if (extra.length === 0) return;
    throw new RangeError(
      `The sock must be the only option: received ${
        extra.map(([name]) => name).join(", ")
      }`,
    );
  }
  if (localAddr === undefined && remoteAddr === undefined && !family) {
    throw new RangeError(
      "The options must include localAddr, remoteAddr, family or sock: received none of them",
    );
  }
  if (family !== undefined) assertOneOf("The family", family, [4, 6]);
  if (localAddr !== undefined) assertAddress("localAddr", localAddr, 0);
  if (remoteAddr !== undefined) assertAddress("remoteAddr", remoteAddr, 1);
  if (reusePort && WITHOUT_REUSE_PORT.includes(OS)) {
    throw new errors.NotSupported(
      "reusePort is not supported by Deno on this system: pass a node:dgram socket created with reuseAddr as sock",
    );
  }
}

function assertSocket(sock: unknown): void {
  if (!isDatagramSocket(sock)) {
    throw wrongType("The sock", "a datagram socket", sock);
  }
}

function assertAddress(name: string, addr: object, leastPort: number): void {
  if (typeof addr === "object" && addr !== null && "path" in addr) {
    throw unixNotSupported(name);
  }
  netAddressOf(name, addr, leastPort);
}

/** `Deno.DatagramConn` cannot send while it is receiving, and an endpoint is always receiving. */
function unixNotSupported(name: string): Error {
  return new errors.NotSupported(
    `${name} cannot be a Unix socket: use sockRecvFrom() and sockSendTo() alternately, on a Deno.DatagramConn (--unstable-net)`,
  );
}

function adoptSocket(
  sock: DatagramSocket,
): [DatagramLink, Deno.Addr | null] {
  if (!isBound(sock)) {
    throw new RangeError("The sock must be bound: received an unbound socket");
  }
  const link = datagramLinkOf(sock);
  if (link.localAddr.transport === "unixpacket") throw unixNotSupported("sock");
  return [link, link.remoteAddr];
}

/** Binds the first pair of addresses that can be bound; returns the remote one, too. */
async function openDatagramLink(
  scheduler: Scheduler,
  options: DatagramEndpointOptions,
): Promise<[DatagramLink, Deno.NetAddr | null]> {
  let firstError: unknown;
  for (const pairing of await pairingsOf(scheduler.loop, options)) {
    try {
      return await bindPairing(scheduler, pairing, options);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      firstError ??= error;
    }
  }
  throw osErrorOf(firstError);
}

/** The local and remote address in one IP version. */
interface Pairing {
  readonly family: 4 | 6;
  readonly local: Deno.NetAddr | null;
  readonly remote: Deno.NetAddr | null;
}

const NOWHERE: ReadonlyMap<4 | 6, Deno.NetAddr> = new Map();

/** Returns the possible pairs of addresses: at most one for each IP version. */
async function pairingsOf(
  loop: EventLoop,
  { localAddr, remoteAddr, family }: DatagramEndpointOptions,
): Promise<Pairing[]> {
  if (localAddr === undefined && remoteAddr === undefined) {
    return [{ family: family!, local: null, remote: null }];
  }
  const locals = localAddr ? await resolveHost(loop, localAddr) : NOWHERE;
  const remotes = remoteAddr ? await resolveHost(loop, remoteAddr) : NOWHERE;
  const pairings: Pairing[] = [];
  const families = new Set([...locals.keys(), ...remotes.keys()]);
  for (const each of families) {
    const local = locals.get(each) ?? null;
    const remote = remotes.get(each) ?? null;
    if (family !== undefined && family !== each) continue;
    if (localAddr !== undefined && local === null) continue;
    if (remoteAddr !== undefined && remote === null) continue;
    pairings.push({ family: each, local, remote });
  }
  if (pairings.length > 0) return pairings;
  throw new RangeError(
    `The localAddr and remoteAddr must have the same IP version${
      family === undefined ? "" : `, ${family}`
    }: received ${localAddr?.hostname} and ${remoteAddr?.hostname}`,
  );
}

async function bindPairing(
  scheduler: Scheduler,
  { family, local, remote }: Pairing,
  { allowBroadcast = false, reusePort = false }: DatagramEndpointOptions,
): Promise<[DatagramLink, Deno.NetAddr | null]> {
  const network = networkOf(scheduler);
  if (network !== null) {
    const link = datagramLinkOf(network.bindDatagrams(local));
    if (!allowBroadcast) link.remoteAddr = remote;
    return [link, remote];
  }
  const socket = await createDgramSocket(family, reusePort);
  try {
    const link = await completionOf(
      scheduler,
      bindSocket(socket, local),
      (late) => late.close(),
    );
    if (allowBroadcast) link.allowBroadcast();
    // Replies to a broadcast come from other addresses.
    else link.remoteAddr = remote;
    return [link, remote];
  } catch (error) {
    socket.close();
    throw error;
  }
}

async function createDgramSocket(
  family: 4 | 6,
  reuseAddr: boolean,
): Promise<Socket> {
  const [{ createSocket }, dns] = await Promise.all([
    import("node:dgram"),
    import("node:dns"),
  ]);
  return createSocket({
    type: family === 6 ? "udp6" : "udp4",
    reuseAddr,
    // The address is used now, so that a permission error reaches the caller.
    lookup: (hostname, options, callback) => {
      if (ipLiteralOf(hostname) !== null) callback(null, hostname, family);
      else dns.lookup(hostname, options, callback);
    },
  });
}

/** Binds the socket and starts to collect what it receives. */
function bindSocket(
  socket: Socket,
  local: Deno.NetAddr | null,
): Promise<DatagramLink> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    const { hostname: address, port } = local ?? {};
    socket.bind({ ...(address && { address }), port: port ?? 0 }, () => {
      socket.off("error", reject);
      resolve(datagramLinkOf(socket));
    });
  });
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

/** Creates the protocol and the transport. Closes the socket on failure and on cancellation. */
async function establish<P extends DatagramProtocol>(
  scheduler: Scheduler,
  link: DatagramLink,
  target: Deno.Addr | null,
  protocolFactory: () => P,
): Promise<[DatagramTransport, P]> {
  let protocol;
  try {
    protocol = makeProtocol(protocolFactory);
  } catch (error) {
    link.close();
    throw error;
  }
  const context = new CallbackContext(scheduler);
  const transport = new DatagramEndpoint(link, target, protocol, context);
  await startTransport(context, transport);
  return [transport, protocol];
}
