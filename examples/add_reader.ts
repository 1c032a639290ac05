// Copyright 2026 the asyncio for Deno authors. MIT license.

// Watches standard input, and prints what comes as soon as it comes:
//
//   (echo one; sleep 1; echo two) | deno run --allow-ffi examples/add_reader.ts
//
// The system is asked whether there is something to read, which needs
// --allow-ffi and does not work on Windows.

import { newEventLoop } from "@asyncio/asyncio";

const STDIN = 0;

const loop = newEventLoop();
const buffer = new Uint8Array(1024);

/** Called when reading does not wait: there is something, or the end. */
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
