// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { schedulerOf } from "../../loop/scheduler.ts";
import { getRunningLoop, Protocol, run, type Server } from "../../mod.ts";
import { type MemoryNetwork, VirtualTimeLoop } from "../../testing/mod.ts";

/** Runs a test on a network in memory, and sees that nothing is left open. */
export async function runOn<T>(
  network: MemoryNetwork,
  body: () => T | PromiseLike<T>,
): Promise<T> {
  return await run(async () => {
    const result = await body();
    assertEquals(network.connections, 0);
    assertEquals(schedulerOf(getRunningLoop()).resources.size, 0);
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
