// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: the module is loaded when a socket is to be made.
import type { Socket } from "node:dgram";
import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../scheduler.ts";
import { begin } from "../engine/begin.ts";
import { CallbackContext } from "../engine/callback_context.ts";
import { netAddressOf } from "./datagram_address.ts";
import { DatagramEndpoint } from "./_datagram_endpoint.ts";
import type { DatagramLink } from "./datagram_link.ts";
import {
  datagramLinkOf,
  isBound,
  isDatagramSocket,
} from "./datagram_link_of.ts";
import type { DatagramProtocol } from "../datagram_protocol.ts";
import type { DatagramTransport } from "../datagram_transport.ts";
import type { HostAddress } from "../host_address.ts";
import { typeNameOf } from "../engine/name_of.ts";
import { openDatagramLink } from "./_open_datagram_link.ts";
import { assertFactory } from "../engine/assert_factory.ts";
import { errors, OS } from "../../runtime.ts";

/** The options of `loop.createDatagramEndpoint()`. */
export interface DatagramEndpointOptions {
  /** The address to receive at; port 0 for one that is free. */
  localAddr?: HostAddress | undefined;
  /** The only address to send to and to receive from. */
  remoteAddr?: HostAddress | undefined;
  /** Which version of IP, where the addresses leave that open; needed if neither is given. */
  family?: 4 | 6 | undefined;
  /** Whether others that ask for it too may receive at the same port. Deno can on macOS and BSD. */
  reusePort?: boolean | undefined;
  /**
   * Whether datagrams may be sent to a broadcast address. Those from elsewhere than the remote address
   * are received too then.
   */
  allowBroadcast?: boolean | undefined;
  /** A bound socket to use; everything else is left out then. The transport closes it. */
  sock?: Socket | Deno.DatagramConn | undefined;
}

/** Where Deno sets `SO_REUSEADDR` if it is asked, which lets one receiver take all from another. */
const WITHOUT_REUSE_PORT: readonly string[] = ["linux", "android", "windows"];

/** What `loop.createDatagramEndpoint()` does. */
export async function createDatagramEndpoint<P extends DatagramProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  options: DatagramEndpointOptions,
): Promise<[DatagramTransport, P]> {
  assertFactory("createDatagramEndpoint", protocolFactory);
  assertOptions(options);
  const context = new CallbackContext(schedulerOf(loop));
  const [link, target] = options.sock === undefined
    ? await openDatagramLink(context, options)
    : adopt(options.sock);
  return await establish(context, link, target, protocolFactory);
}

/** Whatever goes wrong, and cancelled too, it closes the socket. */
async function establish<P extends DatagramProtocol>(
  context: CallbackContext,
  link: DatagramLink,
  target: Deno.Addr | null,
  protocolFactory: () => P,
): Promise<[DatagramTransport, P]> {
  let protocol;
  try {
    protocol = protocolFactory();
  } catch (error) {
    link.close();
    throw error;
  }
  const transport = new DatagramEndpoint(link, target, protocol, context);
  await begin(context, transport);
  return [transport, protocol];
}

function adopt(
  sock: Socket | Deno.DatagramConn,
): [DatagramLink, Deno.Addr | null] {
  if (!isBound(sock)) {
    throw new RangeError("Expected a bound socket as sock: received another");
  }
  const link = datagramLinkOf(sock);
  if (link.localAddr.transport === "unixpacket") throw unixNotSupported("sock");
  return [link, link.remoteAddr];
}

function assertOptions(options: DatagramEndpointOptions): void {
  const { sock, ...others } = options;
  const { localAddr, remoteAddr, family, reusePort } = options;
  if (sock !== undefined) {
    assertSocket(sock);
    const extra = Object.entries(others).filter(([_, value]) => value);
    if (extra.length === 0) return;
    throw new RangeError(
      `Expected no options beside sock: received ${
        extra.map(([name]) => name).join(", ")
      }`,
    );
  }
  if (localAddr === undefined && remoteAddr === undefined && !family) {
    throw new RangeError(
      "Expected localAddr, remoteAddr, family or sock: received none of them",
    );
  }
  if (family !== undefined && family !== 4 && family !== 6) {
    throw new RangeError(`Expected 4 or 6 as the family: received ${family}`);
  }
  if (localAddr !== undefined) assertAddress("localAddr", localAddr, 0);
  if (remoteAddr !== undefined) assertAddress("remoteAddr", remoteAddr, 1);
  if (reusePort && WITHOUT_REUSE_PORT.includes(OS)) {
    throw new errors.NotSupported(
      "reusePort is not supported by Deno on this system: pass a socket of node:dgram made with reuseAddr as sock",
    );
  }
}

function assertSocket(sock: unknown): void {
  if (!isDatagramSocket(sock)) {
    throw new RangeError(
      `Expected a socket of datagrams as sock: received ${typeNameOf(sock)}`,
    );
  }
}

function assertAddress(name: string, addr: object, leastPort: number): void {
  if (typeof addr === "object" && addr !== null && "path" in addr) {
    throw unixNotSupported(name);
  }
  netAddressOf(name, addr, leastPort);
}

/** Deno refuses to send by such a socket while it receives, which an endpoint always does. */
function unixNotSupported(name: string): Error {
  return new errors.NotSupported(
    `${name} cannot be a Unix socket: use sockRecvFrom() and sockSendTo() in turn, on what Deno.listenDatagram() gives with --unstable-net`,
  );
}
