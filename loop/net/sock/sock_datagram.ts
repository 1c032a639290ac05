// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { wrongType } from "../../core/validate.ts";
import { datagramAddressOf } from "../datagram/datagram_address.ts";
import {
  type Datagram,
  type DatagramLink,
  datagramLinkOf,
  isBound,
  isDatagramSocket,
} from "../datagram/datagram_link.ts";
import type { DatagramSocket } from "../datagram_socket.ts";
import { assertBuffer, assertBytes, assertSize } from "../stream/assertions.ts";
import { networkCompletionOf } from "../stream/callbacks.ts";
import { assertUnclaimed } from "../stream/sockets.ts";
import type { HostAddress } from "../options.ts";
import { ResumableOperation } from "./_resumable_operation.ts";

const encoder = new TextEncoder();

const receivings = new WeakMap<DatagramLink, ResumableOperation<Datagram>>();

/** Implements `loop.sockRecvFrom()`. */
export async function sockRecvFrom(
  loop: EventLoop,
  sock: DatagramSocket,
  bufSize: number,
): Promise<[Uint8Array<ArrayBuffer>, Deno.Addr]> {
  const link = usableLinkOf("sockRecvFrom", sock);
  assertSize("bufSize", bufSize);
  const [data, addr] = await receive(loop, link);
  return [data.subarray(0, bufSize), addr];
}

/** Implements `loop.sockRecvFromInto()`. */
export async function sockRecvFromInto(
  loop: EventLoop,
  sock: DatagramSocket,
  buf: Uint8Array,
  nbytes: number,
): Promise<[number, Deno.Addr]> {
  const link = usableLinkOf("sockRecvFromInto", sock);
  assertBuffer("buf", buf);
  assertSize("nbytes", nbytes);
  if (nbytes > buf.length) {
    throw new RangeError(
      `The nbytes must be at most the length of buf, ${buf.length}: received ${nbytes}`,
    );
  }
  const [data, addr] = await receive(loop, link);
  const part = data.subarray(0, nbytes || buf.length);
  buf.set(part);
  return [part.length, addr];
}

/** Implements `loop.sockSendTo()`. */
export async function sockSendTo(
  loop: EventLoop,
  sock: DatagramSocket,
  data: Uint8Array | string,
  addr: HostAddress | Deno.UnixAddr,
): Promise<number> {
  const link = usableLinkOf("sockSendTo", sock);
  assertBytes("sockSendTo", data);
  const target = datagramAddressOf("addr", addr, link.localAddr.transport);
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  await networkCompletionOf(schedulerOf(loop), link.send(bytes, target));
  return bytes.length;
}

/** Returns the link of a bound datagram socket; throws if a transport uses the socket. */
export function usableLinkOf(
  method: string,
  sock: DatagramSocket,
): DatagramLink {
  if (!isDatagramSocket(sock)) {
    throw wrongType(
      "The sock",
      "a socket of node:dgram or a Deno.DatagramConn",
      sock,
    );
  }
  if (!isBound(sock)) {
    throw new RangeError("The sock must be bound: received an unbound socket");
  }
  assertUnclaimed(method, sock);
  return datagramLinkOf(sock);
}

async function receive(
  loop: EventLoop,
  link: DatagramLink,
): Promise<Datagram> {
  let receiving = receivings.get(link);
  if (receiving === undefined) {
    receiving = new ResumableOperation();
    receivings.set(link, receiving);
  }
  return await receiving.next(schedulerOf(loop), () => link.receive());
}
