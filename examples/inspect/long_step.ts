// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A task that computes for a second at a time, so that nothing else runs. */

import { run, sleep, taskGroup } from "../../mod.ts";
import { inspect } from "../../inspect/mod.ts";

async function rank(): Promise<void> {
  while (true) {
    await sleep(1);
    const end = performance.now() + 1000;
    while (performance.now() < end) Math.sqrt(end);
  }
}

async function answer(): Promise<void> {
  while (true) await sleep(0.01);
}

async function main(): Promise<void> {
  await taskGroup((group) => {
    group.createTask(rank, { name: "rank" });
    group.createTask(answer, { name: "answer" });
  });
}

await using inspector = await inspect({ path: Deno.args[0] });
console.log("Look at", inspector.path);
await run(main);
