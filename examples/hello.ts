// Copyright 2026 the asyncio for Deno authors. MIT license.

// asyncio's first program. Run it: deno run examples/hello.ts

import { run, sleep } from "@asyncio/asyncio";

async function main(): Promise<void> {
  console.log("Hello ...");
  await sleep(1);
  console.log("... World!");
}

await run(main);
