// Copyright 2026 the asyncio for Deno authors. MIT license.

// Runs blocking work in other threads, in three ways:
//
//   deno run --allow-read=examples examples/run_in_executor.ts

import { getRunningLoop, run, WorkerExecutor } from "@asyncio/asyncio";

// Blocks until the disk has answered. It is sent to the worker as source, so it uses only its argument.
function firstLine(url: string): string {
  return Deno.readTextFileSync(new URL(url)).split("\n")[0]!;
}

async function main(): Promise<void> {
  const loop = getRunningLoop();

  // 1. In the loop's default executor.
  const line = await loop.runInExecutor(null, firstLine, import.meta.url);
  console.log("default executor:", line);

  // 2. In a pool that the program creates.
  await using pool = new WorkerExecutor({ maxWorkers: 1 });
  const same = await loop.runInExecutor(pool, firstLine, import.meta.url);
  console.log("own executor:", same);

  // 3. In a pool for the functions of a module, which may import and share anything.
  await using crunchers = new WorkerExecutor<
    typeof import("./cpu_bound.ts")
  >(new URL("./cpu_bound.ts", import.meta.url));
  const sum = await loop.runInExecutor(crunchers, "sumOfSquares", 200_000);
  console.log("functions of a module:", sum);
}

await run(main);
