// Copyright 2026 the asyncio for Deno authors. MIT license.

// Shows what becomes of an error that nobody asks for:
//
//   deno run examples/never_retrieved.ts [--debug]
//
// With --debug the report also says where the task was created.

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
