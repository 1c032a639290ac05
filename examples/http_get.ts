// Copyright 2026 the asyncio for Deno authors. MIT license.

// Prints the document at a URL:
//
//   deno run --allow-net examples/http_get.ts https://example.com/ [seconds] > page.html
//
// Connecting, and each pause of the server, is limited to that many seconds, 30
// by default. Long documents are not kept in memory.

import { run } from "@asyncio/asyncio";
import type { Answer } from "./http/answer.ts";
import { get } from "./http/get.ts";

const [url = "https://example.com/", seconds = "30"] = Deno.args;

async function print({ status, reason, body }: Answer): Promise<void> {
  if (status >= 400) {
    console.error(`The answer is ${status} ${reason}`);
    Deno.exitCode = 1;
  }
  for await (const piece of body) await writeAll(piece);
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  while (bytes.length > 0) {
    bytes = bytes.subarray(await Deno.stdout.write(bytes));
  }
}

await run(() => get(new URL(url), print, { timeout: Number(seconds) }));
