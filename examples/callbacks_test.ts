// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch } from "@std/assert";
import { runExample } from "../tests/doubles/example.ts";

Deno.test("call_soon prints its line, and ends", async () => {
  assertEquals(
    await runExample("call_soon.ts"),
    { code: 0, stdout: "Hello, world!\n", stderr: "" },
  );
});

Deno.test("call_later prints the time the given number of times, and ends", async () => {
  const { code, stdout, stderr } = await runExample("call_later.ts", [], [
    "3",
    "0.01",
  ]);
  assertEquals(stderr, "");
  assertMatch(stdout, /^(\d{4}-\d\d-\d\dT[\d:.]+Z\n){3}$/);
  assertEquals(code, 0);
});
