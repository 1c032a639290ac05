// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Client } from "./_client.ts";

/** Traces a program for a time in seconds, and writes the events to a file; returns their number. */
export async function trace(
  client: Client,
  seconds: number,
  file: string,
): Promise<number> {
  const parts = client.trace(seconds);
  // Before anything is written: the program may refuse.
  let part = await parts.next();
  using output = await Deno.open(file, {
    write: true,
    create: true,
    truncate: true,
  });
  const encoder = new TextEncoder();
  const write = async (text: string) => {
    const bytes = encoder.encode(text);
    for (let written = 0; written < bytes.length;) {
      written += await output.write(bytes.subarray(written));
    }
  };
  let count = 0;
  await write('{"displayTimeUnit":"ms","traceEvents":[');
  for (; !part.done; part = await parts.next()) {
    const lines = part.value.map((event) =>
      `${count++ === 0 ? "" : ","}\n${JSON.stringify(event)}`
    );
    await write(lines.join(""));
  }
  await write("\n]}\n");
  return count;
}
