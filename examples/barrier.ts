// Copyright 2026 the asyncio for Deno authors. MIT license.

// Makes tasks wait for each other, and then continue together:
//
//   deno run examples/barrier.ts [seconds]

import { Barrier, createTask, run, sleep } from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

async function main(): Promise<void> {
  const barrier = new Barrier(3);
  const others = [1, 2].map(() => createTask(() => barrier.wait()));

  await sleep(second);
  console.log(String(barrier));
  await barrier.wait();
  console.log("barrier passed");

  for (const other of others) await other;
  console.log(String(barrier));
}

await run(main);
