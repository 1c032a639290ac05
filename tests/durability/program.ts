// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * One of the programs that are killed: it puts jobs and does jobs, and cancels, fails and forgets some of them. With
 * `"drain"` it does what is left, and ends.
 *
 * @module
 */

import { createTask, moveOnAfter, run, sleep } from "../../mod.ts";
import { DurableQueue, type Job, worker } from "../../queues/durable/mod.ts";
import { openStore } from "./stores.ts";
import { recording, recordPut, withFault } from "./recording_store.ts";

const [kind, where, history, mode, fault] = Deno.args as [
  string,
  string,
  string,
  "work" | "drain",
  string,
];

/** Programs put the same keys, so that each is put several times. */
const KEYS_PER_SECOND = 100;

function randomKey(): string {
  const newest = Math.floor(Date.now() / 1000 * KEYS_PER_SECOND);
  return `key ${newest - Math.floor(Math.random() * 20)}`;
}

async function produce(queue: DurableQueue<string>): Promise<void> {
  while (true) {
    const key = randomKey();
    const id = await queue.put(key, { key });
    recordPut(history, id, key);
    await sleep(Math.random() * 0.02);
  }
}

async function perform(_: string, job: Job<string>): Promise<void> {
  await sleep(Math.random() * 0.03);
  const luck = Math.random();
  if (luck < 0.05) throw new Error("bad luck");
  if (luck < 0.1) await job.retry({ after: 0.01 });
}

/** Takes jobs without doing them, and is cancelled. */
async function dither(queue: DurableQueue<string>): Promise<void> {
  while (true) {
    await moveOnAfter(Math.random() * 0.01, async () => {
      await using _ = await queue.get();
      await sleep(0.005);
    });
    await sleep(0.05);
  }
}

await run(async () => {
  const { store, close } = openStore(kind, where);
  const faulty = fault === "none" ? store : withFault(store, fault);
  const queue = new DurableQueue<string>("jobs", recording(faulty, history), {
    lease: 1,
    attempts: Infinity,
    delay: 0.01,
  });
  const working = createTask(() => worker(queue, perform, { concurrency: 4 }));
  if (mode === "drain") {
    await queue.join();
    await queue.shutdown();
    await working;
    await close();
    return;
  }
  createTask(() => dither(queue));
  await produce(queue);
});
