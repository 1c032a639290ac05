// Copyright 2026 the asyncio for Deno authors. MIT license.

// Sends every line back, with streams:
//
//   deno run --allow-net examples/streams_echo_server.ts [port]
//
// Ctrl-C ends it when the last client has left, a second Ctrl-C at once.

import {
  run,
  startServer,
  type StreamReader,
  type StreamWriter,
} from "@asyncio/asyncio";

const [port = "8888"] = Deno.args;

/** Runs once for each connection, in a task of its own. */
async function echo(reader: StreamReader, writer: StreamWriter): Promise<void> {
  await using _connection = writer;
  const peer = writer.getExtraInfo("peername") as Deno.NetAddr;
  for await (const line of reader) {
    const text = new TextDecoder().decode(line).trimEnd();
    console.log(`${peer.hostname} says ${JSON.stringify(text)}`);
    writer.write(line);
    await writer.drain(); // waits while the client is slow
  }
}

async function main(): Promise<void> {
  await using server = await startServer(echo, "127.0.0.1", Number(port));
  for (const { addr } of server.sockets) {
    const { hostname, port } = addr;
    console.log(`Serving at ${hostname}:${port}`);
  }
  await server.serveForever();
}

await run(main);
