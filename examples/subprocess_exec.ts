// Copyright 2026 the asyncio for Deno authors. MIT license.

// Asks another Deno process for the time:
//
//   deno run --allow-run examples/subprocess_exec.ts

import { createSubprocessExec, PIPE, run } from "@asyncio/asyncio";

async function getDate(): Promise<string> {
  const code = "console.log(new Date().toISOString())";
  const process = await createSubprocessExec(Deno.execPath(), ["eval", code], {
    stdout: PIPE,
  });

  const line = await process.stdout!.readLine();
  await process.wait();
  return new TextDecoder().decode(line).trimEnd();
}

console.log("Current date:", await run(getDate));
