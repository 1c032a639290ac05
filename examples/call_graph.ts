// Copyright 2026 the asyncio for Deno authors. MIT license.

// Prints which task awaits which, starting with the innermost one:
//
//   deno run examples/call_graph.ts [--debug]
//
// In debug mode it also prints the lines at which they wait.

import {
  gather,
  printCallGraph,
  run,
  sleep,
  taskGroup,
} from "@asyncio/asyncio";

async function innermost(): Promise<void> {
  await sleep(0); // now all other tasks wait
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
