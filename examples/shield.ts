// Copyright 2026 the asyncio for Deno authors. MIT license.

// Protects a task from being cancelled together with the task that awaits it:
//
//   deno run examples/shield.ts [seconds]

import {
  CancelledError,
  createTask,
  run,
  shield,
  sleep,
} from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

async function save(): Promise<string> {
  await sleep(second);
  return "saved";
}

async function main(): Promise<void> {
  const saving = createTask(save);
  const request = createTask(async () => {
    try {
      return await shield(saving);
    } catch (error) {
      if (error instanceof CancelledError) console.log("request: cancelled");
      throw error;
    }
  });

  await sleep(0.1 * second);
  request.cancel();
  console.log("save:", await saving);
}

await run(main);
