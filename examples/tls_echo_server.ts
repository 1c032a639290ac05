// Copyright 2026 the asyncio for Deno authors. MIT license.

// Sends every line back, by TLS, and takes new certificates while it serves:
//
//   deno run --allow-net --allow-read examples/tls_echo_server.ts --cert=a.pem --key=a.key --port=8443
//
// It looks at the files every minute, or as often as --interval says, in
// seconds, and at a SIGHUP. Connections that are there stay as they are; those
// that come see the new certificate. Ctrl-C stops it.

import {
  Event,
  getRunningLoop,
  IncompleteReadError,
  LimitOverrunError,
  run,
  startServer,
  type StreamReader,
  type StreamWriter,
  timeout,
  TimeoutError,
  wait,
  waitFor,
} from "@asyncio/asyncio";
import { parseArgs } from "node:util";
import { CertificateFiles } from "./tls/certificate_files.ts";

const { values: options } = parseArgs({
  args: Deno.args,
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "8443" },
    cert: { type: "string", default: "server.pem" },
    key: { type: "string", default: "server.key" },
    interval: { type: "string", default: "60" },
  },
});

/** How long, in seconds, a client may take to agree on how to encrypt. */
const HANDSHAKE_TIMEOUT = 10;

/** How long, in seconds, a client may say nothing, or not listen. */
const IDLE_TIMEOUT = 300;

async function main(): Promise<void> {
  const { cert, key, host, port, interval } = options;
  const reload = new Event();
  if (Deno.build.os !== "windows") {
    getRunningLoop().addSignalHandler("SIGHUP", () => reload.set());
  }
  const files = await CertificateFiles.read(cert, key, console.log);

  // The connection is accepted as it is, so that each is encrypted with what
  // is current when it comes
  await using server = await startServer(
    (reader, writer) => serveClient(reader, writer, files),
    host,
    Number(port),
  );
  const { hostname, port: chosen } = server.sockets[0]!.addr;
  console.log(`Serving at ${hostname}:${chosen}`);

  try {
    while (true) {
      await waitAtMost(Number(interval), reload);
      reload.clear();
      await files.reload();
    }
  } finally {
    server.close();
    server.closeClients(); // what was written is still sent
    await wait([server.waitClosed()], { timeout: 5 });
    server.abortClients();
  }
}

/** Waits for an event, for some seconds at most. */
async function waitAtMost(seconds: number, event: Event): Promise<void> {
  try {
    await waitFor(event.wait(), seconds);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
}

async function serveClient(
  reader: StreamReader,
  writer: StreamWriter,
  files: CertificateFiles,
): Promise<void> {
  const peer = writer.getExtraInfo("peername") as Deno.NetAddr;
  try {
    await writer.startTls({
      ...files.current,
      handshakeTimeout: HANDSHAKE_TIMEOUT,
    });
    await echo(reader, writer);
    writer.close();
    await timeout(IDLE_TIMEOUT, () => writer.waitClosed());
  } catch (error) {
    if (!isOfPeer(error)) throw error;
    console.log(`${peer.hostname}: ${error.message}`);
  } finally {
    writer.transport.abort();
  }
}

async function echo(reader: StreamReader, writer: StreamWriter): Promise<void> {
  try {
    while (true) {
      await timeout(IDLE_TIMEOUT, async () => {
        writer.write(await reader.readUntil("\n"));
        await writer.drain();
      });
    }
  } catch (error) {
    if (!(error instanceof IncompleteReadError)) throw error; // the end
  }
}

/** Whether it is what strangers do to a server. */
function isOfPeer(error: unknown): error is Error {
  return error instanceof TimeoutError ||
    error instanceof LimitOverrunError ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.InvalidData; // a handshake that fails
}

await run(main);
