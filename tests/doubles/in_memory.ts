// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { getRunningLoop, Protocol, run, type Server } from "../../mod.ts";
import {
  MemoryNetwork,
  type MemoryNetworkOptions,
  VirtualTimeLoop,
} from "../../testing/mod.ts";
import { assertNothingHeld } from "./resources.ts";

/** Runs a test on a network in memory, and sees that nothing is left open. */
export async function runOn<T>(
  network: MemoryNetwork,
  body: () => T | PromiseLike<T>,
): Promise<T> {
  return await run(async () => {
    const result = await body();
    assertEquals(network.connections, 0);
    assertNothingHeld();
    return result;
  }, { loopFactory: () => new VirtualTimeLoop({ network }) });
}

/** A server that listens, and leaves it to the test to accept connections. */
export async function idleServer(
  host: string | null = null,
  port = 0,
): Promise<[Server<Deno.NetAddr>, Deno.Listener<Deno.Conn, Deno.NetAddr>]> {
  const server = await getRunningLoop().createServer(
    () => new Protocol(),
    host,
    port,
    { startServing: false },
  );
  return [server, server.sockets[0]!];
}

/** The two ends of a connection in memory, from the host `"client"` to the host `"server"`. */
export async function connPair(
  network: MemoryNetwork,
): Promise<[client: Deno.Conn, server: Deno.Conn]> {
  const [server, listener] = await idleServer("server");
  const client = await network.at(
    "client",
    () => getRunningLoop().sockConnect(listener.addr),
  );
  const conn = await listener.accept();
  server.close();
  await server.waitClosed();
  return [client, conn];
}

/**
 * Runs a test with a connection in memory, which is closed in the end.
 *
 * @param options Those of the network.
 * @param body The test; gets both ends, as {@linkcode connPair} gives them, and the network.
 */
export function connected(
  options: MemoryNetworkOptions,
  body: (
    client: Deno.Conn,
    server: Deno.Conn,
    network: MemoryNetwork,
  ) => void | Promise<void>,
): Promise<void> {
  const network = new MemoryNetwork(options);
  return runOn(network, async () => {
    const [client, server] = await connPair(network);
    await body(client, server, network);
    client[Symbol.dispose]();
    server[Symbol.dispose]();
  });
}
