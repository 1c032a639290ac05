// Copyright 2026 the asyncio for Deno authors. MIT license.

// Prints who awaits whom, seen from the innermost task:
//
//   deno run examples/call_graph.ts [--debug]
//
// In debug mode it also says at which lines they wait.

import {
  gather,
  printCallGraph,
  run,
  sleep,
  taskGroup,
} from "@asyncio/asyncio";

async function innermost(): Promise<void> {
  await sleep(0); // by then all others wait
  printCallGraph();
}

async function middle(): Promise<void> {
  await gather([innermost, () => sleep(0.01)]);
}

async function main(): Promise<void> {
  await taskGroup((group) => {
    group.createTask(middle, { name: "middle" });
  });
}

await run(main, { debug: Deno.args.includes("--debug") });
