// Copyright 2026 the asyncio for Deno authors. MIT license.

// Creates a future, lets a task set its result, and awaits it:
//
//   deno run examples/set_after.ts [seconds]

import {
  createTask,
  type Future,
  getRunningLoop,
  run,
  sleep,
} from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

async function setAfter<T>(
  future: Future<T>,
  seconds: number,
  value: T,
): Promise<void> {
  await sleep(seconds);
  future.setResult(value);
}

async function main(): Promise<void> {
  const future = getRunningLoop().createFuture<string>();
  future.addDoneCallback((done) => console.log("callback:", done.result()));

  const setting = createTask(() => setAfter(future, second, "... world"));
  console.log("hello ...");
  console.log(await future);
  await setting;
}

await run(main);
