// Copyright 2026 the asyncio for Deno authors. MIT license.

// Limits the duration of code, by scopes that can be changed:
//
//   deno run examples/timeouts.ts [seconds]

import {
  getRunningLoop,
  run,
  sleep,
  timeout,
  timeoutAt,
  TimeoutError,
} from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

async function longRunningTask(): Promise<void> {
  await sleep(3600);
}

async function main(): Promise<void> {
  const loop = getRunningLoop();
  try {
    await timeout(second, longRunningTask);
  } catch (error) {
    // Outside the scope: inside it is a CancelledError
    if (!(error instanceof TimeoutError)) throw error;
    console.log("The long operation timed out, but it is handled.");
  }

  try {
    // The deadline is not known at the start
    await timeout(null, async (scope) => {
      scope.reschedule(loop.time() + second);
      await longRunningTask();
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    console.log("It was given a limit later, and took longer.");
  }

  const deadline = loop.time() + second;
  try {
    await timeoutAt(deadline, longRunningTask);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    console.log("It was not done at the deadline.");
  }
  console.log("This runs in any case.");
}

await run(main);
