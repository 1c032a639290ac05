// Copyright 2026 the asyncio for Deno authors. MIT license.

// Sends a line to an echo server, and prints the answer, with streams:
//
//   deno run --allow-net examples/streams_echo_client.ts [port] [message]
//
// examples/streams_echo_server.ts is such a server.

import { openConnection, run } from "@asyncio/asyncio";

const [port = "8888", message = "Hello, world!"] = Deno.args;

async function main(): Promise<void> {
  const [reader, writer] = await openConnection("127.0.0.1", Number(port));
  await using _connection = writer; // closes it at the end

  console.log("Sent:", message);
  writer.write(`${message}\n`);
  await writer.drain();

  const line = await reader.readLine();
  console.log("Received:", new TextDecoder().decode(line).trimEnd());
}

await run(main);
