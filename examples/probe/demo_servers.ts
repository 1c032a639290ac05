// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Server,
  sleep,
  startServer,
  type StreamReader,
  type StreamWriter,
} from "@asyncio/asyncio";
import type { Target } from "./targets.ts";

type Serve = (reader: StreamReader, writer: StreamWriter) => Promise<void>;

const HOST = "127.0.0.1";
/** Less than a quarter of the default time limit: the line still counts as a banner. */
const SLOW = 0.4;

/** Servers on loopback that behave in different ways, until they are disposed. */
export interface DemoServers extends AsyncDisposable {
  /** The targets to probe. */
  readonly targets: readonly Target[];
}

/** Starts the servers. */
export async function startDemoServers(): Promise<DemoServers> {
  await using starting = new AsyncDisposableStack();
  const start = async (serve: Serve): Promise<number> => {
    const server = await startServer(
      async (reader, writer) => {
        await using _connection = writer;
        await serve(reader, writer);
      },
      HOST,
      0,
    );
    starting.use(server);
    // Otherwise Ctrl-C would wait for the slow server
    starting.defer(() => server.abortClients());
    return portOf(server);
  };

  const silentPort = await start(silent);
  const targets = [
    target("echo", await start(echo), "hello"),
    target("banner", await start(banner)),
    target("slow", await start(slow), "are you there?"),
    target("silent", silentPort),
    target("silent, asked", silentPort, "are you there?"),
    target("closes at once", await start(async () => {})),
    target("not listening", await unusedPort()),
  ];
  const servers = starting.move();
  return { targets, [Symbol.asyncDispose]: () => servers.disposeAsync() };
}

async function echo(reader: StreamReader, writer: StreamWriter): Promise<void> {
  for await (const line of reader) {
    writer.write(line);
    await writer.drain();
  }
}

async function banner(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  writer.write("220 ready when you are\r\n");
  await echo(reader, writer);
}

async function slow(reader: StreamReader, writer: StreamWriter): Promise<void> {
  await sleep(SLOW);
  writer.write("220 one moment\r\n");
  await reader.readLine();
  await sleep(SLOW);
  writer.write("250 done\r\n");
}

async function silent(reader: StreamReader): Promise<void> {
  await reader.read();
}

/** Returns a port that was in use and is free again. */
async function unusedPort(): Promise<number> {
  await using server = await startServer(() => {}, HOST, 0);
  return portOf(server);
}

function portOf(server: Server): number {
  const address = server.sockets[0]?.addr;
  if (address?.transport === "tcp") return address.port;
  throw new TypeError(
    `Expected the server to listen on TCP, but got ${address?.transport}`,
  );
}

function target(name: string, port: number, send?: string): Target {
  return { host: HOST, port, name, send: send ?? null };
}
