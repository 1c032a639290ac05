// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  Example,
  LOOPBACK,
  portOf,
  runExample,
  stopServer,
} from "../tests/doubles/example.ts";

Deno.test("streams_echo_client and streams_echo_server talk to each other", async () => {
  await using server = new Example("streams_echo_server.ts", LOOPBACK, ["0"]);
  const port = portOf(await server.nextLine());
  for (const message of ["Hello, world!", "Grüße"]) {
    assertEquals(
      await runExample("streams_echo_client.ts", LOOPBACK, [port, message]),
      {
        code: 0,
        stdout: `Sent: ${message}\nReceived: ${message}\n`,
        stderr: "",
      },
    );
    assertEquals(await server.nextLine(), `127.0.0.1 says "${message}"`);
  }
  await stopServer(server);
});
