// Copyright 2026 the asyncio for Deno authors. MIT license.

// Watches standard input, and prints data as soon as it arrives:
//
//   (echo one; sleep 1; echo two) | deno run --allow-ffi examples/add_reader.ts
//
// Asking the system whether there is something to read needs --allow-ffi,
// and does not work on Windows.

import { newEventLoop } from "@asyncio/asyncio";

const STDIN = 0;

const loop = newEventLoop();
const buffer = new Uint8Array(1024);

/** Called when a read returns at once: there is data, or the end of the input. */
function onReadable(): void {
  const length = Deno.stdin.readSync(buffer);
  if (length !== null) {
    const text = new TextDecoder().decode(buffer.subarray(0, length));
    console.log("Received:", text.trimEnd());
    return;
  }
  console.log("The end");
  loop.removeReader(STDIN);
  loop.stop();
}

loop.addReader(STDIN, onReadable);

try {
  await loop.runForever();
} finally {
  loop.close();
}
