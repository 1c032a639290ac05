// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { runProgram } from "../doubles/program.ts";

/** How many bytes may be left of something that is over; a measurement is about as far off. */
const MAX_LEFT = 64;

Deno.test("Cancelled, expired and completed waits are garbage-collected", async () => {
  const program = new URL("program.ts", import.meta.url).href;
  const { stdout, stderr } = await runProgram(
    `await import(${JSON.stringify(program)});`,
    { v8Flags: "--expose-gc" },
  );
  assertEquals(stderr, "");
  const { left, kept } = JSON.parse(stdout);
  for (const [name, bytes] of Object.entries<number>(left)) {
    assert(bytes <= MAX_LEFT, `${name}: ${bytes} bytes each time`);
  }
  assertEquals(kept, []);
});
