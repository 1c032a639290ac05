// Copyright 2026 the asyncio for Deno authors. MIT license.

// Ends a task group early, in two ways: from inside, by an error for that purpose,
// and by the method for it:
//
//   deno run examples/terminate_group.ts [seconds]

import { ExceptionGroup, run, sleep, taskGroup } from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

class TerminateGroup extends Error {}

async function job(id: number, seconds: number): Promise<void> {
  console.log(`Task ${id}: start`);
  await sleep(seconds);
  console.log(`Task ${id}: done`);
}

async function byError(): Promise<void> {
  try {
    await taskGroup(async (group) => {
      group.createTask(() => job(1, 0.5 * second));
      group.createTask(() => job(2, 60 * second));
      await sleep(second);
      group.createTask(() => {
        throw new TerminateGroup();
      });
    });
  } catch (error) {
    if (!(error instanceof ExceptionGroup)) throw error;
    // Other errors are not lost
    const [, rest] = error.split(TerminateGroup);
    if (rest !== null) throw rest;
  }
}

async function byMethod(): Promise<void> {
  await taskGroup(async (group) => {
    group.createTask(() => job(1, 0.5 * second));
    group.createTask(() => job(2, 60 * second));
    await sleep(second);
    group.cancel();
  });
}

await run(byError);
await run(byMethod);
