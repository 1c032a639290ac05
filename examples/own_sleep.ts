// Copyright 2026 the asyncio for Deno authors. MIT license.

// Implements sleep() by a future and a task that looks at the clock:
//
//   deno run examples/own_sleep.ts [seconds]

import {
  createTask,
  Future,
  getRunningLoop,
  run,
  sleep,
} from "@asyncio/asyncio";

const seconds = Number(Deno.args[0] ?? 1);

async function ownSleep(seconds: number): Promise<void> {
  const loop = getRunningLoop();
  const future = new Future<void>();
  const end = loop.time() + seconds;
  const watcher = createTask(async () => {
    while (loop.time() < end) await sleep(0); // lets other tasks run
    future.setResult();
  });
  try {
    await future;
  } finally {
    watcher.cancel(); // if this was cancelled
  }
}

async function otherWork(): Promise<void> {
  console.log("I work.");
  await sleep(0);
  console.log("I go on.");
}

async function main(): Promise<void> {
  const others = [createTask(otherWork), createTask(otherWork)];
  await ownSleep(seconds);
  console.log("Awake.");
  for (const other of others) await other;
}

await run(main);
