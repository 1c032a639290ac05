// Copyright 2026 the asyncio for Deno authors. MIT license.

// Waits for something, but not forever:
//
//   deno run examples/eternity.ts [seconds]

import { run, sleep, TimeoutError, waitFor } from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

async function eternity(): Promise<void> {
  await sleep(3600);
  console.log("yay!");
}

async function main(): Promise<void> {
  try {
    await waitFor(eternity, second);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    console.log("timeout!");
  }
}

await run(main);
