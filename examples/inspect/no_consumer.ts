// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A queue whose consumer has failed, while producers go on. */

import { createTask, Queue, run, sleep } from "../../mod.ts";
import { inspect } from "../../inspect/mod.ts";

const pages = new Queue<string>(10);

async function store(): Promise<void> {
  while (true) {
    const page = await pages.get();
    if (page === "/7") return; // should not have ended the loop
  }
}

async function crawl(): Promise<void> {
  for (let i = 0;; i++) {
    await pages.put(`/${i}`);
    await sleep(0.001);
  }
}

async function main(): Promise<void> {
  createTask(store, { name: "store" });
  await createTask(crawl, { name: "crawl" });
}

await using inspector = await inspect({ path: Deno.args[0] });
console.log("Look at", inspector.path);
await run(main);
