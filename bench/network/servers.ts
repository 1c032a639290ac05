// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The servers that compete: `deno run -A servers.ts NAME`. Each prints its port, and how it is whenever
 * it receives a line.
 *
 * @module
 */

import process from "node:process";
import {
  BufferedProtocol,
  Future,
  getRunningLoop,
  Protocol,
  run,
  type Server,
  startServer,
  type StreamReader,
  type StreamWriter,
  type TlsOptions,
  type Transport,
} from "../../mod.ts";
import { TextLineStream } from "../text_line_stream.ts";

const BUFFER_SIZE = 64 * 1024;
const BULK = 1024 * 1024;
/** The request to collect the garbage first. */
const COLLECT = "c".charCodeAt(0);
const LOCAL = { hostname: "127.0.0.1", port: 0 };

// Without this library.

async function serveBare(
  handle: (conn: Deno.TcpConn) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ ...LOCAL, tcpBacklog: 1024 });
  announce(listener.addr);
  while (true) void handle(await listener.accept());
}

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let sent = 0; sent < data.length;) {
    sent += await conn.write(sent === 0 ? data : data.subarray(sent));
  }
}

/** Gives each message bytes of its own. */
async function echoFresh(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay(true);
  const buffer = new Uint8Array(BUFFER_SIZE);
  for (let n; (n = await conn.read(buffer)) !== null;) {
    await writeAll(conn, buffer.slice(0, n));
  }
  conn.close();
}

async function echoReusing(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay(true);
  const buffer = new Uint8Array(BUFFER_SIZE);
  for (let n; (n = await conn.read(buffer)) !== null;) {
    await writeAll(conn, buffer.subarray(0, n));
  }
  conn.close();
}

async function echoWebLines(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay(true);
  const encoder = new TextEncoder();
  const lines = conn.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    await writeAll(conn, encoder.encode(line + "\n"));
  }
}

// deno-lint-ignore require-await -- a handler is async
async function closeAtOnce(conn: Deno.TcpConn): Promise<void> {
  conn.close();
}

/** Answers each byte with a piece of bulk. */
async function sendBulkBare(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay(true);
  const bulk = new Uint8Array(BULK);
  const request = new Uint8Array(1);
  while (await conn.read(request) !== null) await writeAll(conn, bulk);
  conn.close();
}

/** Takes all there is, and answers at the end. */
async function takeAllBare(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(BUFFER_SIZE);
  while (await conn.read(buffer) !== null);
  await conn.write(buffer.subarray(0, 1));
  conn.close();
}

async function stayIdle(conn: Deno.TcpConn): Promise<void> {
  await conn.read(new Uint8Array(1));
  conn.close();
}

async function echoNodeTls(): Promise<void> {
  const { createServer } = await import("node:tls");
  const server = createServer(await identity(), (socket) => {
    socket.setNoDelay(true);
    socket.on("data", (data) => socket.write(data));
    socket.on("error", () => {});
  });
  server.listen(0, LOCAL.hostname, 1024, () => {
    announce(server.address() as { port: number });
  });
}

/** A certificate that the project's tests use. */
async function identity(): Promise<{ cert: string; key: string }> {
  const folder = new URL("../../tests/certificates/", import.meta.url);
  return {
    cert: await Deno.readTextFile(new URL("server.pem", folder)),
    key: await Deno.readTextFile(new URL("server.key", folder)),
  };
}

// With it.

async function serve(
  start: () => PromiseLike<Server<Deno.NetAddr>>,
): Promise<void> {
  await run(async () => {
    const server = await start();
    announce(server.sockets[0]!.addr);
    await server.serveForever();
  });
}

const serveProtocol = (
  factory: () => Protocol | BufferedProtocol,
  tls?: TlsOptions,
) =>
  serve(() =>
    getRunningLoop().createServer(factory, LOCAL.hostname, 0, { tls })
  );

const serveStreams = (
  handle: (reader: StreamReader, writer: StreamWriter) => Promise<void>,
  tls?: TlsOptions,
) => serve(() => startServer(handle, LOCAL.hostname, 0, { tls }));

class Echo extends Protocol {
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    this.#transport.write(data);
  }
}

class SendingEcho extends Protocol {
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    this.#transport.send(data);
  }
}

class BufferedEcho extends BufferedProtocol {
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override getBuffer(): Uint8Array {
    return this.#buffer;
  }

  override bufferUpdated(count: number): void {
    this.#transport.write(this.#buffer.subarray(0, count));
  }
}

class CloseAtOnce extends Protocol {
  override connectionMade(transport: Transport): void {
    transport.close();
  }
}

class SendBulk extends Protocol {
  readonly #bulk = new Uint8Array(BULK);
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override dataReceived(): void {
    this.#transport.write(this.#bulk);
  }
}

async function echoStream(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  for (let data; (data = await reader.read(BUFFER_SIZE)).length > 0;) {
    writer.write(data);
    await writer.drain();
  }
  writer.close();
}

async function echoInto(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  const memory = new Uint8Array(BUFFER_SIZE);
  for (let count; (count = await reader.readInto(memory)) > 0;) {
    await writer.send(memory.subarray(0, count));
  }
  writer.close();
}

async function echoLines(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  for (let line; (line = await reader.readLine()).length > 0;) {
    writer.write(line);
    await writer.drain();
  }
  writer.close();
}

const HELLO = "hello, world\n";

/** The least that an HTTP server does. */
async function answerEachHead(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  const answer = `HTTP/1.1 200 OK\r\ncontent-length: ${HELLO.length}\r\n\r\n`;
  try {
    while (true) {
      await reader.readUntil("\r\n\r\n");
      writer.write(answer + HELLO);
      await writer.drain();
    }
  } catch {
    writer.close(); // the end
  }
}

/** The server of examples/http_server.ts, with its log. */
async function serveExample(): Promise<void> {
  const { startHttpServer } = await import("../../examples/http/server.ts");
  const { Log } = await import("../../examples/http/log.ts");
  await run(async () => {
    using log = new Log(await Deno.open("/dev/null", { write: true }));
    const handle = ({ path }: { path: string }) => ({
      body: path === "/" ? HELLO : "nothing\n",
    });
    const options = { log: log.add };
    await using server = await startHttpServer(handle, "127.0.0.1", 0, options);
    announce(server.address);
    await new Future<never>();
  });
}

async function serveByDeno(): Promise<void> {
  const headers = { "content-type": "text/plain; charset=utf-8" };
  await Deno.serve(
    { ...LOCAL, onListen: announce },
    ({ url }) =>
      new Response(new URL(url).pathname === "/" ? HELLO : "nothing\n", {
        headers,
      }),
  ).finished;
}

async function sendBulkStream(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  const bulk = new Uint8Array(BULK);
  while ((await reader.read(1)).length > 0) {
    writer.write(bulk);
    await writer.drain();
  }
  writer.close();
}

async function sendBulkUncopied(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  const bulk = new Uint8Array(BULK);
  while ((await reader.read(1)).length > 0) await writer.send(bulk);
  writer.close();
}

/** Takes all there is, and answers at the end. */
async function takeAll(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  const memory = new Uint8Array(BUFFER_SIZE);
  while (await reader.readInto(memory) > 0);
  writer.write("done\n");
  writer.close();
}

/** Takes lines that never end, and complains about each. */
async function refuseLongLines(
  reader: StreamReader,
  writer: StreamWriter,
): Promise<void> {
  while (!reader.atEof()) {
    try {
      await reader.readLine();
    } catch {
      // It was too long, and is dropped.
    }
  }
  writer.write("done\n");
  writer.close();
}

const SERVERS: Record<string, () => Promise<void>> = {
  "bare, fresh bytes": () => serveBare(echoFresh),
  "bare, one buffer": () => serveBare(echoReusing),
  "bare, web lines": () => serveBare(echoWebLines),
  "bare, closing": () => serveBare(closeAtOnce),
  "bare, bulk": () => serveBare(sendBulkBare),
  "bare, taking": () => serveBare(takeAllBare),
  "bare, idle": () => serveBare(stayIdle),
  "bare node:tls": echoNodeTls,
  "Protocol, TLS": async () =>
    serveProtocol(() => new Echo(), await identity()),
  "streams, TLS": async () => serveStreams(echoStream, await identity()),
  "Protocol": () => serveProtocol(() => new Echo()),
  "Protocol, send": () => serveProtocol(() => new SendingEcho()),
  "BufferedProtocol": () => serveProtocol(() => new BufferedEcho()),
  "Protocol, closing": () => serveProtocol(() => new CloseAtOnce()),
  "Protocol, bulk": () => serveProtocol(() => new SendBulk()),
  "Protocol, idle": () => serveProtocol(() => new Echo()),
  "streams": () => serveStreams(echoStream),
  "streams, readInto and send": () => serveStreams(echoInto),
  "streams, minimal HTTP": () => serveStreams(answerEachHead),
  "HTTP example": serveExample,
  "Deno.serve": serveByDeno,
  "streams, lines": () => serveStreams(echoLines),
  // deno-lint-ignore require-await -- a handler is async
  "streams, closing": () => serveStreams(async (_, writer) => writer.close()),
  "streams, bulk": () => serveStreams(sendBulkStream),
  "streams, bulk by send": () => serveStreams(sendBulkUncopied),
  "streams, taking by readInto": () => serveStreams(takeAll),
  "streams, idle": () => serveStreams(echoStream),
  "streams, long lines": () => serveStreams(refuseLongLines),
};

/** Says where the server listens, and on request how it is. */
function announce({ port }: { port: number }): void {
  console.log(port);
  void (async () => {
    for await (const request of Deno.stdin.readable) {
      if (request[0] === COLLECT) (globalThis as { gc?: () => void }).gc?.();
      console.log(state());
    }
    Deno.exit();
  })();
}

function state(): string {
  const { user, system } = process.cpuUsage();
  return JSON.stringify({
    busy: user + system,
    memory: Deno.memoryUsage().rss,
    peak: process.resourceUsage().maxRSS * 1024,
  });
}

if (import.meta.main) await SERVERS[Deno.args[0]!]!();
