// Copyright 2026 the asyncio for Deno authors. MIT license.

// Runs several functions in turn on one loop and in one context:
//
//   deno run examples/runner.ts

import {
  ContextVar,
  createTask,
  Runner,
  sleep,
  type Task,
} from "@asyncio/asyncio";

const greeting = new ContextVar("greeting", "hello");
let background: Task<string>;

function setUp(): void {
  greeting.set("hi");
  background = createTask(() => sleep(0.01, "there")); // continues in the next run
}

async function main(): Promise<void> {
  console.log(greeting.get(), await background);
}

// Cancels remaining tasks, and closes its loop, at the end of the program
await using runner = new Runner();
await runner.run(setUp);
await runner.run(main);
