// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  Example,
  LOOPBACK,
  portOf,
  runExample,
  stopServer,
} from "../tests/doubles/example.ts";

/** The wildcard address, from which a socket without a local address sends. */
const FROM_ANYWHERE = ["--allow-net=127.0.0.1,0.0.0.0:0"];

Deno.test("udp_echo_client and udp_echo_server talk to each other", async () => {
  await using server = new Example("udp_echo_server.ts", LOOPBACK, ["0"]);
  const port = portOf(await server.nextLine());
  for (const message of ["Hello, world!", "Grüße"]) {
    assertEquals(
      await runExample("udp_echo_client.ts", FROM_ANYWHERE, [port, message]),
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
