// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";

Deno.test("hello prints its two lines, and ends", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", new URL("hello.ts", import.meta.url).href],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assertEquals(text.decode(stderr), "");
  assertEquals(text.decode(stdout), "Hello ...\n... World!\n");
  assertEquals(code, 0);
});
