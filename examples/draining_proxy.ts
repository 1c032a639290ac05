// Copyright 2026 the asyncio for Deno authors. MIT license.

// Passes TCP connections on to another server:
//
//   deno run --allow-net examples/draining_proxy.ts 8080 127.0.0.1:80
//
// At SIGINT or SIGTERM it takes no new connections. Those that are open have
// ten seconds to end, or as many as the third argument says.

import {
  Event,
  openConnection,
  run,
  startServer,
  type StreamReader,
  type StreamWriter,
  taskGroup,
} from "@asyncio/asyncio";

const [port, upstream = "", seconds = "10"] = Deno.args;
const { hostname, port: upstreamPort } = new URL(`tcp://${upstream}`);

/** Copies one direction of a connection; a slow receiver slows its sender down. */
async function copy(reader: StreamReader, writer: StreamWriter): Promise<void> {
  for await (const bytes of reader.chunks()) await writer.send(bytes);
  writer.writeEof();
}

/** Runs once for each connection, in a task of its own. */
async function pass(reader: StreamReader, writer: StreamWriter): Promise<void> {
  const [fromServer, toServer] = await openConnection(
    hostname,
    Number(upstreamPort),
  );
  try {
    await taskGroup((group) => {
      group.createTask(() => copy(reader, toServer));
      group.createTask(() => copy(fromServer, writer));
    });
  } finally {
    // If one side is gone, so is the other.
    toServer.transport.abort();
    writer.transport.abort();
  }
}

async function main(): Promise<void> {
  const server = await startServer(pass, "127.0.0.1", Number(port));
  console.log(`Serving at 127.0.0.1:${server.sockets[0]!.addr.port}`);
  try {
    await new Event().wait(); // for a signal, which cancels it
  } finally {
    console.log("Draining");
    await server.drain(Number(seconds));
  }
}

await run(main, {
  signals: ["SIGINT", "SIGTERM"],
  grace: Number(seconds) + 5,
});
