// Copyright 2026 the asyncio for Deno authors. MIT license.

// Cancels a task, which cleans up:
//
//   deno run examples/cancel_me.ts [seconds]

import { CancelledError, createTask, run, sleep } from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

async function cancelMe(): Promise<void> {
  console.log("cancelMe(): before sleep");
  try {
    await sleep(3600);
  } catch (error) {
    if (error instanceof CancelledError) console.log("cancelMe(): cancelled");
    throw error;
  } finally {
    console.log("cancelMe(): after sleep");
  }
}

async function main(): Promise<void> {
  const task = createTask(cancelMe);
  await sleep(second);
  task.cancel();
  try {
    await task;
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    console.log("main(): cancelMe is cancelled now");
  }
}

await run(main);
