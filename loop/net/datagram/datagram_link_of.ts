// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: whoever has such a socket has loaded the module.
import type { Socket } from "node:dgram";
import { DatagramConnLink } from "./_datagram_conn_link.ts";
import type { DatagramLink } from "./datagram_link.ts";
import { hasMethods } from "../engine/has_methods.ts";
import type { DatagramSocket } from "../datagram_socket.ts";
import { DgramLink } from "./_dgram_link.ts";

/** One link a socket: what it received and nobody took belongs to whoever receives next. */
const links = new WeakMap<object, DatagramLink>();

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

// By what they can do: to ask for their classes would load `node:dgram`.

function isDgramSocket(value: unknown): value is Socket {
  return hasMethods(value, "bind", "send", "addMembership");
}

function isDatagramConn(value: unknown): value is Deno.DatagramConn {
  return hasMethods(value, "receive", "send", "close");
}
