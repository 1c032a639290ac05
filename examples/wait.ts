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
  const racers = [30, 1, 20].map((time) =>
    createTask(() => sleep(time * second, time))
  );
  const [done, pending] = await wait(racers, { returnWhen: FIRST_COMPLETED });
  for (const task of done) console.log(`One is done after ${task.result()}.`);

  for (const task of pending) task.cancel();
  await gather([...pending], { returnExceptions: true }); // waits until they have ended
  console.log(`${pending.size} were cancelled`);
}

await run(main);
