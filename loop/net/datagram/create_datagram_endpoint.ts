// Copyright 2026 the asyncio for Deno authors. MIT license.

// Type-only import: the module is loaded when a socket is created.
import type { Socket } from "node:dgram";
import type { EventLoop } from "../../event_loop.ts";
import { errors, OS } from "../../core/runtime.ts";
import { type Scheduler, schedulerOf } from "../../core/scheduler.ts";
import {
  assertFlags,
  assertOneOf,
  assertOptions,
  wrongType,
} from "../../core/validate.ts";
import type { DatagramProtocol } from "../datagram_protocol.ts";
import type { DatagramSocket } from "../datagram_socket.ts";
import type { DatagramTransport } from "../datagram_transport.ts";
import { resolveHost } from "../dns/get_addr_info.ts";
import { ipLiteralOf } from "../dns/host.ts";
import { assertFactory, makeProtocol } from "../stream/assertions.ts";
import {
  CallbackContext,
  completionOf,
  startTransport,
} from "../stream/callbacks.ts";
import { osErrorOf } from "../stream/failures.ts";
import { networkOf } from "../stream/network.ts";
import type { HostAddress } from "../options.ts";
import { DatagramEndpoint } from "./_datagram_endpoint.ts";
import { netAddressOf } from "./datagram_address.ts";
import {
  type DatagramLink,
  datagramLinkOf,
  isBound,
  isDatagramSocket,
} from "./datagram_link.ts";

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
