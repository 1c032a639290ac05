// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { runProgram } from "./program.ts";

Deno.test("runProgram() keeps the standard input of the test run from the program", async () => {
  const helper = JSON.stringify(new URL("program.ts", import.meta.url).href);
  const reading = `
    console.log(await new Response(Deno.stdin.readable).text());
  `;
  const { stdout } = await runProgram(
    `
      import { runProgram } from ${helper};
      const { stdout } = await runProgram(${JSON.stringify(reading)});
      console.log("read " + JSON.stringify(stdout));
    `,
    { input: "typed in the terminal" },
  );
  assertEquals(stdout, 'read "\\n"\n');
});
