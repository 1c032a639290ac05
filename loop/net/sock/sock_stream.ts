// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../core/cancelled_error.ts";
import { SendfileNotAvailableError } from "../../core/errors.ts";
import type { EventLoop } from "../../event_loop.ts";
import {
  callOutsideTasks,
  type Scheduler,
  schedulerOf,
} from "../../core/scheduler.ts";
import { assertOptions } from "../../core/validate.ts";
import { isSingleConnectionFailure } from "../stream/accept_failures.ts";
import {
  assertBuffer,
  assertBytes,
  assertConn,
  assertListener,
  assertSize,
} from "../stream/assertions.ts";
import { networkCompletionOf } from "../stream/callbacks.ts";
import { assertUnclaimed } from "../stream/sockets.ts";
import { assertFilePart, sendChunks } from "../file/file_chunks.ts";
import type { SendFileOptions } from "../options.ts";
import { ResumableOperation } from "./_resumable_operation.ts";

/** The most that is read at once, in bytes. */
const MAX_READ = 64 * 1024;

const encoder = new TextEncoder();

/** What is read from each connection; no bytes at all at the end of the stream. */
const readings = new WeakMap<
  Deno.Conn,
  ResumableOperation<Uint8Array<ArrayBuffer>>
>();
/** The chunk of a file that goes out by each connection, although the task that sent it may be cancelled. */
const chunks = new WeakMap<Deno.Conn, Promise<void>>();
/** What is accepted by each listener. */
const acceptings = new WeakMap<Deno.Listener, ResumableOperation<Deno.Conn>>();

/** What `loop.sockRecv()` does. */
export async function sockRecv(
  loop: EventLoop,
  conn: Deno.Conn,
  n: number,
): Promise<Uint8Array<ArrayBuffer>> {
  assertUsable("sockRecv", conn);
  assertSize("n", n);
  return await receiveFrom(schedulerOf(loop), conn, n);
}

/** What `loop.sockRecvInto()` does. */
export async function sockRecvInto(
  loop: EventLoop,
  conn: Deno.Conn,
  buf: Uint8Array,
): Promise<number> {
  assertUsable("sockRecvInto", conn);
  assertBuffer("buf", buf);
  // Not read in place: what is cancelled goes on, and may not write where the caller no longer looks.
  const chunk = await receiveFrom(schedulerOf(loop), conn, buf.length);
  buf.set(chunk);
  return chunk.length;
}

/** What `loop.sockSendAll()` does. */
export async function sockSendAll(
  loop: EventLoop,
  conn: Deno.Conn,
  data: Uint8Array | string,
): Promise<void> {
  assertUsable("sockSendAll", conn);
  assertBytes("sockSendAll", data);
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  const scheduler = schedulerOf(loop);
  await chunkSent(scheduler, conn);
  for (let sent = 0; sent < bytes.length;) {
    sent += await networkCompletionOf(
      scheduler,
      conn.write(bytes.subarray(sent)),
    );
  }
}

/** What `loop.sockSendFile()` does. */
export async function sockSendFile(
  loop: EventLoop,
  conn: Deno.Conn,
  file: Deno.FsFile,
  options: SendFileOptions,
): Promise<number> {
  assertOptions("sockSendFile", options);
  const { offset = 0, count = null, fallback = true } = options;
  assertUsable("sockSendFile", conn);
  const part = { offset, count };
  assertFilePart("sockSendFile", file, part);
  if (!fallback) {
    throw new SendfileNotAvailableError(
      "Deno has no way to have the system send a file: allow the fallback",
    );
  }
  const scheduler = schedulerOf(loop);
  await chunkSent(scheduler, conn);
  return await sendChunks(
    scheduler,
    file,
    part,
    (chunk) => sendChunk(scheduler, conn, chunk),
  );
}

/** What `loop.sockAccept()` does. */
export async function sockAccept(
  loop: EventLoop,
  listener: Deno.Listener,
): Promise<[Deno.Conn, Deno.Addr]> {
  assertListener("listener", listener);
  const scheduler = schedulerOf(loop);
  let accepting = acceptings.get(listener);
  if (accepting === undefined) {
    accepting = new ResumableOperation((conn) => conn.close());
    acceptings.set(listener, accepting);
  }
  try {
    const conn = await accepting.next(scheduler, () => acceptFrom(listener));
    scheduler.resources.delete(accepting);
    return [conn, conn.remoteAddr];
  } catch (error) {
    // A connection may come all the same, and nobody ask for it: the loop's end closes it.
    if (error instanceof CancelledError) scheduler.resources.add(accepting);
    throw error;
  }
}

/** Accepts the next connection that is still there. */
async function acceptFrom(listener: Deno.Listener): Promise<Deno.Conn> {
  while (true) {
    try {
      return await listener.accept();
    } catch (error) {
      if (!isSingleConnectionFailure(error)) throw error;
    }
  }
}

/** Throws unless the caller alone uses the connection. */
function assertUsable(method: string, conn: Deno.Conn): void {
  assertConn("conn", conn);
  assertUnclaimed(method, conn);
}

async function receiveFrom(
  scheduler: Scheduler,
  conn: Deno.Conn,
  n: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (n === 0) return new Uint8Array(0);
  let reading = readings.get(conn);
  if (reading === undefined) {
    reading = new ResumableOperation();
    readings.set(conn, reading);
  }
  const chunk = await reading.next(scheduler, () => readFrom(conn, n));
  if (chunk.length <= n) return chunk;
  reading.putBack(chunk.subarray(n));
  return chunk.subarray(0, n);
}

async function readFrom(
  conn: Deno.Conn,
  n: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const memory = new Uint8Array(Math.min(n, MAX_READ));
  const length = await conn.read(memory);
  return memory.subarray(0, length ?? 0);
}

/** Sends a chunk of a file. Outside the task that asks: if that is cancelled, the rest still goes out. */
function sendChunk(
  scheduler: Scheduler,
  conn: Deno.Conn,
  chunk: Uint8Array,
): Promise<void> {
  let sending: Promise<void>;
  callOutsideTasks(scheduler, () => sending = writeAll(conn, chunk));
  chunks.set(conn, sending!);
  return sending!;
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await conn.write(bytes.subarray(sent));
  }
}

/** Waits until the chunk that goes out by a connection is sent. If it is not, the next write fails, too. */
async function chunkSent(scheduler: Scheduler, conn: Deno.Conn): Promise<void> {
  const sending = chunks.get(conn);
  if (sending === undefined) return;
  await networkCompletionOf(scheduler, sending.catch(() => {}));
  if (chunks.get(conn) === sending) chunks.delete(conn);
}
