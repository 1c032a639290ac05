// Copyright 2026 the asyncio for Deno authors. MIT license.

// Waits for data on an open socket, with streams:
//
//   deno run --allow-net examples/register_socket.ts

import { createTask, openConnection, run } from "@asyncio/asyncio";
import { socketPair } from "./sockets/socket_pair.ts";

const bytes = new TextEncoder().encode("abc");

async function main(): Promise<void> {
  const [ours, theirs] = await socketPair();
  using _other = theirs;

  // From now on it belongs to the writer, which closes it.
  const [reader, writer] = await openConnection({ sock: ours });
  await using _connection = writer;

  // Data from the other end, a little later
  const sending = createTask(() => theirs.write(bytes));

  const data = await reader.read(100); // as soon as data arrives
  console.log("Received:", new TextDecoder().decode(data));
  await sending;
}

await run(main);
