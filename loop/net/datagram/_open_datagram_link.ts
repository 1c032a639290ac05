// Copyright 2026 the asyncio for Deno authors. MIT license.

// Of types only: the module is loaded when a socket is to be made.
import type { Socket } from "node:dgram";
import type { EventLoop } from "../../event_loop.ts";
import type { CallbackContext } from "../engine/callback_context.ts";
import { completionOf } from "../engine/completion.ts";
import type { DatagramLink } from "./datagram_link.ts";
import { datagramLinkOf } from "./datagram_link_of.ts";
import type { HostAddress } from "../host_address.ts";
import { ipLiteralOf } from "../dns/ip_literal.ts";
import { resolveHost } from "../dns/resolve_host.ts";
import { networkOf } from "../engine/network.ts";
import { osErrorOf } from "../engine/os_error.ts";

/** What the options of `loop.createDatagramEndpoint()` say of the socket. */
export interface DatagramLinkOptions {
  readonly localAddr?: HostAddress | undefined;
  readonly remoteAddr?: HostAddress | undefined;
  readonly family?: 4 | 6 | undefined;
  readonly reusePort?: boolean | undefined;
  readonly allowBroadcast?: boolean | undefined;
}

/** A version of IP and what the addresses are in it. */
interface Pairing {
  readonly family: 4 | 6;
  readonly local: Deno.NetAddr | null;
  readonly remote: Deno.NetAddr | null;
}

const NOWHERE: ReadonlyMap<4 | 6, Deno.NetAddr> = new Map();

/** Binds the first pairing of addresses that can be bound; returns the remote one too. */
export async function openDatagramLink(
  context: CallbackContext,
  options: DatagramLinkOptions,
): Promise<[DatagramLink, Deno.NetAddr | null]> {
  let firstError: unknown;
  for (const pairing of await pairingsOf(context.scheduler.loop, options)) {
    try {
      return await bind(context, pairing, options);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      firstError ??= error;
    }
  }
  throw osErrorOf(firstError);
}

async function bind(
  { scheduler }: CallbackContext,
  { family, local, remote }: Pairing,
  { allowBroadcast = false, reusePort = false }: DatagramLinkOptions,
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
      bound(socket, local),
      (late) => late.close(),
    );
    if (allowBroadcast) socket.setBroadcast(true);
    // Who answers a broadcast does so from an address of its own.
    else link.remoteAddr = remote;
    return [link, remote];
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Binds the socket, and takes what it receives from then on. */
function bound(
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

/** What the addresses can be together: one pairing for each version of IP. */
async function pairingsOf(
  loop: EventLoop,
  { localAddr, remoteAddr, family }: DatagramLinkOptions,
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
    `Expected localAddr and remoteAddr of the same version of IP${
      family === undefined ? "" : `, ${family}`
    }: received ${localAddr?.hostname} and ${remoteAddr?.hostname}`,
  );
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
    // An address is to be used at once: if that is not permitted, the error must reach the caller.
    lookup: (hostname, options, callback) => {
      if (ipLiteralOf(hostname) !== null) callback(null, hostname, family);
      else dns.lookup(hostname, options, callback);
    },
  });
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}
