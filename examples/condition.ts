// Copyright 2026 the asyncio for Deno authors. MIT license.

// Makes tasks wait until shared state has the value that they need:
//
//   deno run examples/condition.ts

import { Condition, run, sleep, taskGroup } from "@asyncio/asyncio";

const changed = new Condition();
let stock = 0;

async function take(amount: number): Promise<void> {
  using _guard = await changed.acquire();
  // Releases the lock while it waits, and acquires it again before it returns
  await changed.waitFor(() => stock >= amount);
  stock -= amount;
  console.log(`took ${amount}, ${stock} left`);
}

async function deliver(amount: number): Promise<void> {
  using _guard = await changed.acquire();
  stock += amount;
  console.log(`delivered ${amount}`);
  changed.notifyAll();
}

async function main(): Promise<void> {
  await taskGroup(async (group) => {
    for (const amount of [3, 1]) group.createTask(() => take(amount));
    for (const amount of [1, 1, 2]) {
      await sleep(0.01);
      await deliver(amount);
    }
  });
}

await run(main);
