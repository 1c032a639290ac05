// Copyright 2026 the asyncio for Deno authors. MIT license.

// Lets one task at a time change shared state:
//
//   deno run examples/lock.ts

import { gather, Lock, run, sleep } from "@asyncio/asyncio";

const lock = new Lock();
let balance = 100;

async function withdraw(amount: number): Promise<string> {
  using _guard = await lock.acquire(); // released at the end of the block
  if (balance < amount) return `${amount}: not enough`;
  await sleep(0.01); // asks the bank
  balance -= amount;
  return `${amount}: paid, ${balance} left`;
}

console.log(
  await run(() => gather([80, 30, 20].map((amount) => () => withdraw(amount)))),
);
