// Copyright 2026 the asyncio for Deno authors. MIT license.

// Shows the report of an exception that is never retrieved:
//
//   deno run examples/never_retrieved.ts [--debug]
//
// With --debug the report also contains where the task was created.

import { createTask, getRunningLoop, run, sleep } from "@asyncio/asyncio";

function bug(): never {
  throw new Error("not consumed");
}

async function main(): Promise<void> {
  // Without this, it is printed with its stack to standard error
  getRunningLoop().setExceptionHandler(
    (_, { message, exception, sourceTraceback }) => {
      console.log(`${message}: ${exception}`);
      if (sourceTraceback !== undefined) console.log(sourceTraceback);
    },
  );
  createTask(bug);
  await sleep(0.01);
}

await run(main, { debug: Deno.args.includes("--debug") });
