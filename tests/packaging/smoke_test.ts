// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";

Deno.test("The program for the oldest Deno works on this one, without flags", async () => {
  const program = new URL("./smoke.ts", import.meta.url).href;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--allow-net=127.0.0.1", program],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  assertEquals(decoder.decode(stderr), "");
  assertEquals(code, 0);
  assertEquals(
    decoder.decode(stdout),
    `Everything works on Deno ${Deno.version.deno}\n`,
  );
});
