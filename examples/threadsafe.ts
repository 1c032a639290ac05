// Copyright 2026 the asyncio for Deno authors. MIT license.

// Calls a function of the event loop from another thread, and waits for it:
//
//   deno run --allow-read=. examples/threadsafe.ts
//
// examples/threadsafe_job.ts runs in the other thread.

import { getRunningLoop, run, sleep, WorkerExecutor } from "@asyncio/asyncio";

async function main(): Promise<void> {
  await using pool = new WorkerExecutor<typeof import("./threadsafe_job.ts")>(
    new URL("./threadsafe_job.ts", import.meta.url),
    { maxWorkers: 1 },
  );
  const loop = getRunningLoop();
  const answer = await loop.runInExecutor(
    pool,
    "job",
    loop,
    () => sleep(0.01, 3),
    (text: string) => console.log(text),
  );
  console.log("answer:", answer);
}

await run(main);
