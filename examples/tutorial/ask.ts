// Copyright 2026 the asyncio for Deno authors. MIT license.

// A client of the service in steps 6 and 7:
//
//   deno run --allow-net examples/tutorial/ask.ts https://example.com

import { openConnection, run } from "@asyncio/asyncio";

const PORT = 8000;

await run(async () => {
  const [reader, writer] = await openConnection("127.0.0.1", PORT);
  for (const url of Deno.args) {
    writer.write(`${url}\n`);
    const answer = await reader.readLine();
    console.log(new TextDecoder().decode(answer).trim());
  }
  writer.close();
  await writer.waitClosed();
});
