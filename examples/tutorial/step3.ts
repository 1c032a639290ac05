// Copyright 2026 the asyncio for Deno authors. MIT license.

// All pages at the same time:
//
//   deno run --allow-net examples/tutorial/step3.ts https://example.com

import {
  CancelledError,
  run,
  taskGroup,
  timeout,
  TimeoutError,
} from "@asyncio/asyncio";

/** Downloads a page and returns its size in bytes. */
async function weigh(url: string): Promise<number> {
  return await timeout(5, async ({ signal }) => {
    const response = await fetch(url, { signal });
    return (await response.bytes()).length;
  });
}

/** Returns what to say of a page. */
async function describe(url: string): Promise<string> {
  try {
    return `${await weigh(url)} bytes`;
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    return error instanceof TimeoutError ? "too slow" : "not found";
  }
}

async function main() {
  await taskGroup((group) => {
    for (const url of Deno.args) {
      group.createTask(async () => {
        console.log(`${await describe(url)}: ${url}`);
      });
    }
  });
}

await run(main);
