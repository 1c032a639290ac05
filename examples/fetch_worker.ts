// Copyright 2026 the asyncio for Deno authors. MIT license.

// Loads pages, several at a time, from the network or from a cache on disk:
//
//   deno run --allow-net --allow-read=cache --allow-write=cache examples/fetch_worker.ts cache http://127.0.0.1:8080/ …
//
// The network has half a second to answer. After that, the copy in the cache
// does, if there is one, and the request is cancelled.

import {
  backoff,
  currentTask,
  firstSuccess,
  mapConcurrent,
  retry,
  run,
  sleep,
} from "@asyncio/asyncio";

/** How long, in seconds, a copy is not asked for. */
const PATIENCE = 0.5;

const [folder, ...urls] = Deno.args;

function fileOf(url: string): string {
  return `${folder}/${encodeURIComponent(url)}`;
}

async function fromNetwork(url: string): Promise<string> {
  const text = await retry(async () => {
    // The signal ends the request when another source was faster.
    const response = await fetch(url, { signal: currentTask()!.signal });
    const text = await response.text();
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
    return text;
  }, { attempts: 3, delay: backoff({ first: 0.1 }) });
  await Deno.writeTextFile(fileOf(url), text);
  return `${url}: ${text.length} characters from the network`;
}

async function fromCache(url: string): Promise<string> {
  await sleep(PATIENCE);
  const text = await Deno.readTextFile(fileOf(url));
  return `${url}: ${text.length} characters from the cache`;
}

async function load(url: string): Promise<string> {
  try {
    return await firstSuccess([() => fromNetwork(url), () => fromCache(url)]);
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    return `${url}: failed: ${error.errors[0].message}`;
  }
}

async function main(): Promise<void> {
  for await (const line of mapConcurrent(urls, load, { limit: 8 })) {
    console.log(line);
  }
}

await run(main);
