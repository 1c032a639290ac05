// Copyright 2026 the asyncio for Deno authors. MIT license.

// Lets a number of tasks work at a time, while the others wait:
//
//   deno run examples/semaphore.ts

import { run, Semaphore, sleep, taskGroup } from "@asyncio/asyncio";

const slots = new Semaphore(2);
let working = 0;
let most = 0;

async function work(id: number): Promise<void> {
  using _slot = await slots.acquire(); // released at the end of the block
  console.log(`${id} begins`);
  most = Math.max(most, ++working);
  await sleep(0.01);
  working--;
}

async function main(): Promise<void> {
  await taskGroup((group) => {
    for (const id of [1, 2, 3, 4, 5]) group.createTask(() => work(id));
  });
  console.log(`at most ${most} at the same time`);
}

await run(main);
