// Copyright 2026 the asyncio for Deno authors. MIT license.

// Lets three workers take jobs from a queue until all are done:
//
//   deno run examples/queue_workers.ts [seconds per job at most]

import { Queue, run, sleep, taskGroup } from "@asyncio/asyncio";

const WORKERS = ["worker-0", "worker-1", "worker-2"];
const longest = Number(Deno.args[0] ?? 1);

async function work(name: string, queue: Queue<number>): Promise<void> {
  for await (const seconds of queue) {
    await sleep(seconds);
    queue.taskDone();
    console.log(`${name} has slept for ${seconds.toFixed(2)} seconds`);
  }
}

async function main(): Promise<void> {
  const queue = new Queue<number>();
  let total = 0;
  for (let i = 0; i < 20; i++) {
    const seconds = longest * (0.05 + 0.95 * Math.random());
    total += seconds;
    queue.putNowait(seconds);
  }

  const start = performance.now();
  await taskGroup(async (group) => {
    for (const name of WORKERS) group.createTask(() => work(name, queue));
    await queue.join(); // until taskDone() was called for each
    queue.shutdown(); // ends the workers' loops
  });
  const elapsed = (performance.now() - start) / 1000;
  console.log("====");
  console.log(
    `${WORKERS.length} workers slept for ${elapsed.toFixed(2)} seconds`,
  );
  console.log(`one would have slept for ${total.toFixed(2)} seconds`);
}

await run(main);
