// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../event_loop.ts";
import { schedulerOf } from "../scheduler.ts";
import { Acceptor } from "./_acceptor.ts";
import { assertEither, assertListener } from "./_assert_socket.ts";
import { CallbackContext } from "./_callback_context.ts";
import { completionOf } from "./_completion.ts";
import { assertBacklog, DEFAULT_BACKLOG, openServer } from "./_open_server.ts";
import type { Server } from "./server.ts";
import { assertFactory, assertPort } from "./_tcp.ts";
import type { StreamProtocol } from "./_whole.ts";

/** The options of `loop.createServer()`. */
export interface ServerOptions {
  /** How many connections may wait to be accepted; 100 by default. */
  backlog?: number | undefined;
  /** Whether other servers may listen at the same port. Needs Linux and `--unstable-net`. */
  reusePort?: boolean | undefined;
  /** Whether connections are accepted at once, as by default. They can be made in any case. */
  startServing?: boolean | undefined;
  /** An existing listener to use; host and port are left out then. The server closes it. */
  sock?: Deno.Listener | undefined;
  /** Whether the system is to notice clients that are gone without a word. */
  keepAlive?: boolean | undefined;
  /** Whether connections are encrypted. Not yet. */
  tls?: unknown;
}

/** What `loop.createServer()` does. */
export async function serve(
  loop: EventLoop,
  protocolFactory: () => StreamProtocol,
  host: string | readonly string[] | null,
  port: number | null,
  options: ServerOptions,
): Promise<Server> {
  assertFactory("createServer", protocolFactory);
  assertServerOptions(host, port, options);
  const context = new CallbackContext(schedulerOf(loop));
  const listeners = options.sock
    ? [options.sock]
    : host === null || host === ""
    ? listenEverywhere(port!, options)
    : listenAt(await addressesOf(context, host), port!, options);
  const acceptors = listeners.map((listener) =>
    new Acceptor(listener, context, options)
  );
  return openServer(loop, context, acceptors, protocolFactory, options);
}

/** Listens at IPv6 and IPv4, of which a system may lack one, and many serve both by one listener. */
function listenEverywhere(
  port: number,
  options: ServerOptions,
): Deno.Listener[] {
  let listener;
  try {
    listener = listen("::", port, options);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw error;
    return [listen("0.0.0.0", port, options)];
  }
  try {
    return [listener, listen("0.0.0.0", portOf(listener), options)];
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return [listener];
    listener.close();
    throw error;
  }
}

function listenAt(
  hosts: readonly string[],
  port: number,
  options: ServerOptions,
): Deno.Listener[] {
  const listeners: Deno.Listener[] = [];
  try {
    for (const host of hosts) listeners.push(listen(host, port, options));
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return listeners;
}

function listen(
  hostname: string,
  port: number,
  { backlog = DEFAULT_BACKLOG, reusePort }: ServerOptions,
): Deno.Listener {
  const options = { hostname, port, tcpBacklog: backlog };
  return Deno.listen(reusePort ? { ...options, reusePort } : options);
}

function portOf(listener: Deno.Listener): number {
  return (listener.addr as Deno.NetAddr).port;
}

/** All addresses of the hosts, each once: `Deno.listen()` would take the first of each. */
async function addressesOf(
  { scheduler }: CallbackContext,
  host: string | readonly string[],
): Promise<string[]> {
  const addresses = new Set<string>();
  for (const name of typeof host === "string" ? [host] : host) {
    if (isAddress(name)) addresses.add(name);
    else {
      const found = await completionOf(scheduler, resolve(name));
      for (const address of found) addresses.add(address);
    }
  }
  return [...addresses];
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^[\d.]+$/.test(host);
}

async function resolve(name: string): Promise<string[]> {
  const { lookup } = await import("node:dns/promises");
  try {
    const found = await lookup(name, { all: true });
    return found.map(({ address }) => address);
  } catch {
    // It asks for more permissions than `Deno.listen()`, whose errors are also the better ones.
    return [name];
  }
}

function assertServerOptions(
  host: string | readonly string[] | null,
  port: number | null,
  options: ServerOptions,
): void {
  const { sock, tls } = options;
  if (tls) throw new Deno.errors.NotSupported("tls is not supported yet");
  assertBacklog(options);
  assertEither("a host and a port", host !== null || port !== null, sock);
  if (sock !== undefined) {
    assertListener("sock", sock);
    return;
  }
  assertPort(port);
  if (Array.isArray(host) && host.length === 0) {
    throw new RangeError("Expected one host or more: received an empty array");
  }
}
