// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  Future,
  openConnection,
  startServer,
  type StreamReader,
  type StreamWriter,
} from "../../mod.ts";
import { FakeConn } from "./conn.ts";
import { turns } from "./recorder.ts";

/** Both sides of one end of a connection. */
export type Stream = [reader: StreamReader, writer: StreamWriter];

/** A stream over a connection whose other end is the test. */
export async function fakeStream(): Promise<[FakeConn, ...Stream]> {
  const conn = new FakeConn();
  const [reader, writer] = await openConnection({ sock: conn });
  await turns();
  return [conn, reader, writer];
}

/** Both ends of a TCP connection. */
export async function streamPair(): Promise<[Stream, Stream]> {
  const accepted = new Future<Stream>();
  const server = await startServer(
    (...stream) => accepted.setResult(stream),
    "127.0.0.1",
    0,
  );
  const { hostname, port } = server.sockets[0]!.addr;
  const client = await openConnection(hostname, port);
  server.close();
  return [client, await accepted];
}
