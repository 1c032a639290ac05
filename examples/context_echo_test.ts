// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  Example,
  LOOPBACK,
  portOf,
  stopServer,
} from "../tests/doubles/example.ts";

Deno.test("context_echo_server tells each client its own address", async () => {
  await using server = new Example("context_echo_server.ts", LOOPBACK, ["0"]);
  const port = Number(portOf(await server.nextLine()));
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port });
  const conns = [await connect(), await connect()];
  for (const conn of conns) {
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    const { hostname, port } = conn.localAddr as Deno.NetAddr;
    assertEquals(
      await new Response(conn.readable).text(),
      `HTTP/1.1 200 OK\r\n\r\nGood bye, client ${hostname}:${port}\n`,
    );
  }
  await stopServer(server);
});
