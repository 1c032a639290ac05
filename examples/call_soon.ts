// Copyright 2026 the asyncio for Deno authors. MIT license.

// A loop, a callback, and the end:
//
//   deno run examples/call_soon.ts

import { newEventLoop } from "@asyncio/asyncio";

const loop = newEventLoop();

loop.callSoon((name: string) => {
  console.log(`Hello, ${name}!`);
  loop.stop();
}, "world");

try {
  await loop.runForever(); // until loop.stop()
} finally {
  loop.close();
}
