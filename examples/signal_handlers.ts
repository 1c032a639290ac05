// Copyright 2026 the asyncio for Deno authors. MIT license.

// Ends on SIGINT, which is Ctrl-C, and on SIGTERM:
//
//   deno run examples/signal_handlers.ts
//
// It waits for an hour; a handler alone does not keep a program running.

import { Event, getRunningLoop, run, wait } from "@asyncio/asyncio";

function askExit(signal: Deno.Signal, exit: Event): void {
  console.log(`got signal ${signal}: exit`);
  exit.set();
}

async function main(): Promise<void> {
  const loop = getRunningLoop();
  const exit = new Event();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    loop.addSignalHandler(signal, askExit, signal, exit);
  }
  console.log(
    "Event loop running for 1 hour, press Ctrl+C to interrupt.\n" +
      `pid ${Deno.pid}: send SIGINT or SIGTERM to exit.`,
  );
  await wait([exit.wait()], { timeout: 3600 });
}

await run(main);
