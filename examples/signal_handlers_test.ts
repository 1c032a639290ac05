// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { Example } from "../tests/doubles/example.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test({
    name: `signal_handlers ends when it gets a ${signal}`,
    // On Windows a signal ends the program.
    ignore: Deno.build.os === "windows",
    async fn() {
      await using example = new Example("signal_handlers.ts");
      assertEquals(
        await example.nextLine(),
        "Event loop running for 1 hour, press Ctrl+C to interrupt.",
      );
      const [, pid] = /^pid (\d+): send SIGINT or SIGTERM to exit\.$/
        .exec(await example.nextLine()) ?? [];
      Deno.kill(Number(pid), signal);
      assertEquals(
        await example.end(),
        { code: 0, stdout: `got signal ${signal}: exit\n`, stderr: "" },
      );
    },
  });
}
