// Copyright 2026 the asyncio for Deno authors. MIT license.

// Prints the time repeatedly for a while, by a task that sleeps:
//
//   deno run examples/display_date.ts [seconds in all] [interval in seconds]
//
// examples/call_later.ts does it by callbacks.

import { getRunningLoop, run, sleep } from "@asyncio/asyncio";

const [duration = "5", interval = "1"] = Deno.args;

async function displayDate(): Promise<void> {
  const loop = getRunningLoop();
  const end = loop.time() + Number(duration);
  do {
    console.log(new Date().toISOString());
    await sleep(Number(interval));
  } while (loop.time() < end);
}

await run(displayDate);
