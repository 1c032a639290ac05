// Copyright 2026 the asyncio for Deno authors. MIT license.

// Sends every line back over TLS, and loads new certificates while it serves:
//
//   deno run --allow-net --allow-read examples/tls_echo_server.ts --cert=a.pem --key=a.key --port=8443
//
// It reads the files every minute, or every --interval seconds, and on SIGHUP.
// Existing connections stay as they are; new ones see the new certificate. Ctrl-C
// ends it.

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

/** The time limit for the TLS handshake, in seconds. */
const HANDSHAKE_TIMEOUT = 10;

/** The time limit for a client that neither sends nor receives, in seconds. */
const IDLE_TIMEOUT = 300;

async function main(): Promise<void> {
  const { cert, key, host, port, interval } = options;
  const reload = new Event();
  if (Deno.build.os !== "windows") {
    getRunningLoop().addSignalHandler("SIGHUP", () => reload.set());
  }
  const files = await CertificateFiles.read(cert, key, console.log);

  // Connections are accepted unencrypted, and encrypted with the certificate that
  // is current then
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
    server.closeClients(); // sends pending data
    await wait([server.waitClosed()], { timeout: 5 });
    server.abortClients();
  }
}

/** Waits for an event, within a time limit. */
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

/** Returns whether the error is the fault of a client. */
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
