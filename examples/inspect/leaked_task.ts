// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A server that begins to watch each visitor, and forgets to stop. */

import { createTask, run, sleep } from "../../mod.ts";
import { inspect } from "../../inspect/mod.ts";

async function watchVisitor(): Promise<void> {
  while (true) await sleep(60);
}

async function serveVisitor(visitor: number): Promise<void> {
  createTask(watchVisitor, { name: `watch ${visitor}` }); // nothing ends it
  await sleep(0.01);
}

async function main(): Promise<void> {
  for (let visitor = 1; visitor <= 3; visitor++) await serveVisitor(visitor);
  await sleep(3600);
}

await using inspector = await inspect({ path: Deno.args[0] });
console.log("Look at", inspector.path);
await run(main);
