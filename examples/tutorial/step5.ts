// Copyright 2026 the asyncio for Deno authors. MIT license.

// Pages from standard input, as they come:
//
//   deno run --allow-net examples/tutorial/step5.ts < urls.txt

import {
  CancelledError,
  openStdin,
  Queue,
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

/** Puts every line of standard input into the queue. */
async function readUrls(queue: Queue<string>) {
  const reader = await openStdin();
  for await (const url of reader.lines()) await queue.put(url);
  queue.shutdown();
}

/** Works off the queue until it is shut down and empty. */
async function worker(queue: Queue<string>) {
  for await (const url of queue) {
    console.log(`${await describe(url)}: ${url}`);
  }
}

async function main() {
  const queue = new Queue<string>(10);
  await taskGroup((group) => {
    group.createTask(() => readUrls(queue));
    for (let n = 0; n < 3; n++) group.createTask(() => worker(queue));
  });
}

await run(main);
