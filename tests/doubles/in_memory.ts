// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { getRunningLoop, Protocol, run, type Server } from "../../mod.ts";
import {
  MemoryNetwork,
  type MemoryNetworkOptions,
  VirtualTimeLoop,
} from "../../testing/mod.ts";
import { assertNothingHeld } from "./resources.ts";

/** Runs a test on an in-memory network, and asserts that nothing is left open. */
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

/** Starts a server that listens but leaves accepting connections to the test. */
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

/** Returns the two ends of an in-memory connection from the host `"client"` to the host `"server"`. */
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
 * Runs a test with an in-memory connection, which is closed at the end.
 *
 * @param options The options of the network.
 * @param body The test, called with both ends from {@linkcode connPair} and the network.
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
