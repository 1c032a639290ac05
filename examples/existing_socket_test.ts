// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { LOOPBACK, runExample } from "../tests/doubles/example.ts";

for (const name of ["existing_socket.ts", "register_socket.ts"]) {
  Deno.test(`${name} prints the data from its socket, and ends`, async () => {
    assertEquals(
      await runExample(name, LOOPBACK),
      { code: 0, stdout: "Received: abc\n", stderr: "" },
    );
  });
}
