// Copyright 2026 the asyncio for Deno authors. MIT license.

// Handles the errors of the tasks of a group, by class:
//
//   deno run examples/exception_groups.ts

import { ExceptionGroup, run, sleep, taskGroup } from "@asyncio/asyncio";

async function main(): Promise<void> {
  try {
    await taskGroup((group) => {
      group.createTask(() => JSON.parse("{"));
      group.createTask(() => new Array(-1));
      group.createTask(() => sleep(3600)); // is cancelled, which is not an error
    });
  } catch (error) {
    if (!(error instanceof ExceptionGroup)) throw error;
    const [syntax, others] = error.split(SyntaxError);
    const [range, rest] = others?.split(RangeError) ?? [null, null];
    console.log("Of syntax:", syntax?.exceptions.map(String));
    console.log("Of range:", range?.exceptions.map(String));
    // Other errors are thrown again
    if (rest !== null) throw rest;
  }
}

await run(main);
