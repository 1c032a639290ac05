// Copyright 2026 the asyncio for Deno authors. MIT license.

// Three pages at a time, and whatever is known after 30 seconds:
//
//   deno run --allow-net examples/tutorial/step4.ts https://example.com

import {
  CancelledError,
  moveOnAfter,
  run,
  Semaphore,
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
  const limit = new Semaphore(3);
  const results = new Map<string, string>();

  await moveOnAfter(30, () =>
    taskGroup((group) => {
      for (const url of Deno.args) {
        group.createTask(async () => {
          using _ = await limit.acquire();
          results.set(url, await describe(url));
        });
      }
    }));

  for (const url of Deno.args) {
    console.log(`${results.get(url) ?? "not finished"}: ${url}`);
  }
}

await run(main);
