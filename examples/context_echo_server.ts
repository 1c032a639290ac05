// Copyright 2026 the asyncio for Deno authors. MIT license.

// Answers each client with its address, without passing it as an argument:
//
//   deno run --allow-net examples/context_echo_server.ts [port]
//   curl http://127.0.0.1:8081/
//
// Ctrl-C stops it.

import {
  ContextVar,
  run,
  startServer,
  type StreamReader,
  type StreamWriter,
  timeout,
  TimeoutError,
} from "@asyncio/asyncio";

const [port = "8081"] = Deno.args;

/** The client of the current task. */
const client = new ContextVar<Deno.NetAddr>("client");

function renderGoodbye(): string {
  const { hostname, port } = client.get();
  return `Good bye, client ${hostname}:${port}\n`;
}

async function handleRequest(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  await using _connection = writer;
  client.set(writer.getExtraInfo("peername") as Deno.NetAddr);
  try {
    await timeout(10, async () => {
      for await (const line of reader) {
        if (/^\r?\n$/.test(new TextDecoder().decode(line))) break;
      }
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    writer.write("HTTP/1.1 408 Request Timeout\r\n\r\n");
    return;
  }
  writer.write("HTTP/1.1 200 OK\r\n\r\n");
  writer.write(renderGoodbye());
}

async function main(): Promise<void> {
  await using server = await startServer(
    handleRequest,
    "127.0.0.1",
    Number(port),
  );
  const { addr } = server.sockets[0]!;
  console.log(`Serving at http://${addr.hostname}:${addr.port}/`);
  await server.serveForever();
}

await run(main);
