// Copyright 2026 the asyncio for Deno authors. MIT license.

// Runs a blocking function in a thread, and a task at the same time:
//
//   deno run examples/to_thread.ts [seconds]

import { gather, run, sleep, toThread } from "@asyncio/asyncio";

const seconds = Number(Deno.args[0] ?? 1);

function block(seconds: number): void {
  console.log(`block() began at ${new Date().toLocaleTimeString()}`);
  // Blocks this thread.
  Atomics.wait(
    new Int32Array(new SharedArrayBuffer(4)),
    0,
    0,
    1000 * seconds,
  );
  console.log(`block() was done at ${new Date().toLocaleTimeString()}`);
}

async function main(): Promise<void> {
  console.log(`main() began at ${new Date().toLocaleTimeString()}`);
  await gather([toThread(block, [seconds]), sleep(seconds)]);
  console.log(`main() was done at ${new Date().toLocaleTimeString()}`);
}

await run(main);
