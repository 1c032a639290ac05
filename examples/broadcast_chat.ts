// Copyright 2026 the asyncio for Deno authors. MIT license.

// A chat in which everyone reads what anyone writes, line by line:
//
//   deno run --allow-net examples/broadcast_chat.ts [port]
//
// `nc 127.0.0.1 8889` is a client. Up to 100 lines wait for a slow reader;
// after that it misses the oldest ones, and is told so. It does not slow the others down.

import {
  Broadcast,
  Event,
  QueueShutDown,
  race,
  run,
  startServer,
  type StreamReader,
  type StreamWriter,
  type Subscription,
} from "@asyncio/asyncio";

const [port = "8889"] = Deno.args;

const chat = new Broadcast<string>({ maxSize: 100, slow: "drop" });

/** Publishes what a client writes. */
async function listen(reader: StreamReader, name: string): Promise<void> {
  for await (const line of reader.lines()) {
    chat.publishNowait(`${name}: ${line}\n`);
  }
}

/** Writes all published lines to a client. */
async function tell(
  writer: StreamWriter,
  lines: Subscription<string>,
): Promise<void> {
  let missed = 0;
  for await (const line of lines) {
    if (lines.dropped > missed) {
      writer.write(`* you missed ${lines.dropped - missed} lines\n`);
      missed = lines.dropped;
    }
    writer.write(line);
    await writer.drain(); // waits while the client is slow
  }
  writer.write("* the chat closes\n");
  await writer.drain();
}

/** Runs once for each client, in a task of its own. */
async function welcome(reader: StreamReader, writer: StreamWriter) {
  const { port } = writer.getExtraInfo("peername") as Deno.NetAddr;
  const name = `guest-${port}`;
  using lines = chat.subscribe();
  try {
    chat.publishNowait(`* ${name} comes\n`);
    await race([() => listen(reader, name), () => tell(writer, lines)]);
    chat.publishNowait(`* ${name} goes\n`);
  } catch (error) {
    if (!(error instanceof QueueShutDown)) throw error;
  }
  writer.close();
}

async function main(): Promise<void> {
  const server = await startServer(welcome, "127.0.0.1", Number(port));
  console.log(`Serving at 127.0.0.1:${server.sockets[0]!.addr.port}`);
  try {
    await new Event().wait(); // for a signal, which cancels it
  } finally {
    chat.shutdown();
    await server.drain(2);
  }
}

await run(main, { signals: ["SIGINT", "SIGTERM"], grace: 4 });
