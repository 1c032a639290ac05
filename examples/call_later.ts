// Copyright 2026 the asyncio for Deno authors. MIT license.

// Prints the time repeatedly, by a callback that schedules itself:
//
//   deno run examples/call_later.ts [times] [interval in seconds]

import { newEventLoop } from "@asyncio/asyncio";

const [times = "5", interval = "1"] = Deno.args;

const loop = newEventLoop();

function showTime(left: number): void {
  console.log(new Date().toISOString());
  if (left > 1) loop.callLater(Number(interval), showTime, left - 1);
  else loop.stop();
}

loop.callSoon(showTime, Number(times));

try {
  await loop.runForever();
} finally {
  loop.close();
}
