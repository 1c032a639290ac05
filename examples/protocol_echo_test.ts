// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  Example,
  LOOPBACK,
  portOf,
  runExample,
  stopServer,
} from "../tests/doubles/example.ts";

Deno.test("protocol_echo_client and protocol_echo_server talk to each other", async () => {
  await using server = new Example("protocol_echo_server.ts", LOOPBACK, ["0"]);
  const port = portOf(await server.nextLine());
  assertEquals(
    await runExample("protocol_echo_client.ts", LOOPBACK, [port, "hello"]),
    {
      code: 0,
      stdout:
        "Sent: hello\nReceived: hello\nThe server closed the connection\n",
      stderr: "",
    },
  );
  assertEquals(await server.nextLine(), "Connection from 127.0.0.1");
  assertEquals(await server.nextLine(), "Received: hello");
  await stopServer(server);
});
