// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch } from "@std/assert";

for (const contexts of ["direct", "public"]) {
  Deno.test(`The user's async contexts go through the library (${contexts})`, async () => {
    const program = new URL("trace.ts", import.meta.url).pathname;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", program],
      env: {
        ASYNCIO_CONTEXTS: contexts,
        OTEL_DENO: "true",
        OTEL_DENO_METRICS: "false",
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        // Nothing listens there: what is exported does not matter.
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
        OTEL_DENO_CONSOLE: "ignore",
      },
    }).output();
    const text = new TextDecoder();
    assertEquals([code, text.decode(stderr)], [0, ""]);
    assertMatch(
      text.decode(stdout),
      new RegExp(`^\\d{3} places, ${contexts} contexts\\n$`),
    );
  });
}
