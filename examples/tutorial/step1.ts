// Copyright 2026 the asyncio for Deno authors. MIT license.

// One page after another:
//
//   deno run --allow-net examples/tutorial/step1.ts https://example.com

import { run } from "@asyncio/asyncio";

/** Downloads a page and returns its size in bytes. */
async function weigh(url: string): Promise<number> {
  const response = await fetch(url);
  return (await response.bytes()).length;
}

async function main() {
  for (const url of Deno.args) {
    console.log(`${await weigh(url)} bytes: ${url}`);
  }
}

await run(main);
