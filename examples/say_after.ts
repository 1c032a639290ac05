// Copyright 2026 the asyncio for Deno authors. MIT license.

// Prints two lines in three ways: in sequence, concurrently, and concurrently in
// a group, which waits for both and cancels one if the other fails:
//
//   deno run examples/say_after.ts [seconds]

import { createTask, run, sleep, taskGroup } from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

async function sayAfter(seconds: number, what: string): Promise<void> {
  await sleep(seconds);
  console.log(what);
}

async function inTurn(): Promise<void> {
  await sayAfter(second, "hello");
  await sayAfter(2 * second, "world");
}

async function asTasks(): Promise<void> {
  const hello = createTask(() => sayAfter(second, "hello"));
  const world = createTask(() => sayAfter(2 * second, "world"));
  await hello;
  await world;
}

async function inGroup(): Promise<void> {
  await taskGroup((group) => {
    group.createTask(() => sayAfter(second, "hello"));
    group.createTask(() => sayAfter(2 * second, "world"));
  });
}

async function main(): Promise<void> {
  for (const work of [inTurn, asTasks, inGroup]) {
    const start = performance.now();
    await work();
    const elapsed = (performance.now() - start) / 1000;
    console.log(`${work.name} took ${Math.floor(elapsed / second)} seconds`);
  }
}

await run(main);
