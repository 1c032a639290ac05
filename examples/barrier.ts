// Copyright 2026 the asyncio for Deno authors. MIT license.

// Has tasks wait until so many have come, and then go on together:
//
//   deno run examples/barrier.ts [seconds]

import { Barrier, createTask, run, sleep } from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

async function main(): Promise<void> {
  const barrier = new Barrier(3);
  const others = [1, 2].map(() => createTask(() => barrier.wait()));

  await sleep(second); // as long as it may take
  console.log(String(barrier));
  await barrier.wait();
  console.log("barrier passed");

  for (const other of others) await other;
  console.log(String(barrier));
}

await run(main);
