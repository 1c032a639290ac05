// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Two transfers that take the same two locks in opposite orders, and wait for each other forever. */

import { Lock, run, sleep, taskGroup } from "../../mod.ts";
import { inspect } from "../../inspect/mod.ts";

const accounts = { alice: new Lock(), bob: new Lock() };
type Name = keyof typeof accounts;

async function transfer(from: Name, to: Name): Promise<void> {
  using _ = await accounts[from].acquire();
  await sleep(0.01); // asks the bank
  using __ = await accounts[to].acquire();
  console.log(`${from} paid ${to}`);
}

async function main(): Promise<void> {
  await taskGroup((group) => {
    group.createTask(() => transfer("alice", "bob"), { name: "alice pays" });
    group.createTask(() => transfer("bob", "alice"), { name: "bob pays" });
  });
}

await using inspector = await inspect({ path: Deno.args[0] });
console.log("Look at", inspector.path);
await run(main);
