// Copyright 2026 the asyncio for Deno authors. MIT license.

// A chat with rooms, line by line:
//
//   deno run --allow-net examples/chat_server.ts [port]
//
// examples/chat_client.ts is a client, and so is `nc 127.0.0.1 8889`. Ctrl-C
// says good-bye to all members, and ends the chat.

import { Event, run } from "@asyncio/asyncio";
import { startChat } from "./chat/chat.ts";

const [port = "8889"] = Deno.args;

async function main(): Promise<void> {
  await using server = await startChat("127.0.0.1", Number(port));
  const { hostname, port: chosen } = server.address;
  console.log(`Serving at ${hostname}:${chosen}`);
  await new Event().wait(); // until Ctrl-C cancels it
}

await run(main);
