// Copyright 2026 the asyncio for Deno authors. MIT license.

// Waits for the first of three tasks, and cancels the others:
//
//   deno run examples/wait.ts [seconds]

import {
  createTask,
  FIRST_COMPLETED,
  gather,
  run,
  sleep,
  wait,
} from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

async function main(): Promise<void> {
  const racers = [3, 1, 2].map((place) =>
    createTask(() => sleep(place * second, place))
  );
  const [done, pending] = await wait(racers, { returnWhen: FIRST_COMPLETED });
  for (const task of done) console.log("place", task.result());

  for (const task of pending) task.cancel();
  await gather([...pending], { returnExceptions: true }); // until they have ended
  console.log(`${pending.size} were cancelled`);
}

await run(main);
