// Copyright 2026 the asyncio for Deno authors. MIT license.

// Makes a task wait until something has happened:
//
//   deno run examples/event.ts [seconds]

import { createTask, Event, run, sleep } from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

async function waiter(event: Event): Promise<void> {
  console.log("waiting for it ...");
  await event.wait();
  console.log("... got it!");
}

async function main(): Promise<void> {
  const event = new Event();
  const waiting = createTask(() => waiter(event));
  await sleep(second);
  event.set();
  await waiting;
}

await run(main);
