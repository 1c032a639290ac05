// Copyright 2026 the asyncio for Deno authors. MIT license.

// One page after another, with a time limit for each:
//
//   deno run --allow-net examples/tutorial/step2.ts https://example.com

import { run, timeout, TimeoutError } from "@asyncio/asyncio";

/** Downloads a page and returns its size in bytes. */
async function weigh(url: string): Promise<number> {
  return await timeout(5, async ({ signal }) => {
    const response = await fetch(url, { signal });
    return (await response.bytes()).length;
  });
}

async function main() {
  for (const url of Deno.args) {
    try {
      console.log(`${await weigh(url)} bytes: ${url}`);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      console.log(`too slow: ${url}`);
    }
  }
}

await run(main);
