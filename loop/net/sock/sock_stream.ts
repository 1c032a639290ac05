// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../core/cancelled_error.ts";
import { SendfileNotAvailableError } from "../../core/errors.ts";
import type { EventLoop } from "../../event_loop.ts";
import {
  callOutsideTasks,
  type Scheduler,
  schedulerOf,
} from "../../core/scheduler.ts";
import { assertFlags, assertOptions } from "../../core/validate.ts";
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

/** The maximum size of a read, in bytes. */
const MAX_READ = 64 * 1024;

const encoder = new TextEncoder();

/** The reads of each connection; no bytes at the end of the stream. */
const readings = new WeakMap<
  Deno.Conn,
  ResumableOperation<Uint8Array<ArrayBuffer>>
>();
/** The file chunk being sent on each connection, which goes on after a cancellation. */
const chunks = new WeakMap<Deno.Conn, Promise<void>>();
/** The pending accept of each listener. */
const acceptings = new WeakMap<Deno.Listener, ResumableOperation<Deno.Conn>>();

/** Implements `loop.sockRecv()`. */
export async function sockRecv(
  loop: EventLoop,
  conn: Deno.Conn,
  n: number,
): Promise<Uint8Array<ArrayBuffer>> {
  assertUsable("sockRecv", conn);
  assertSize("n", n);
  return await receiveFrom(schedulerOf(loop), conn, n);
}

/** Implements `loop.sockRecvInto()`. */
export async function sockRecvInto(
  loop: EventLoop,
  conn: Deno.Conn,
  buf: Uint8Array,
): Promise<number> {
  assertUsable("sockRecvInto", conn);
  assertBuffer("buf", buf);
  // Not read in place: a cancelled read goes on, and must not write into memory that the caller has taken back.
  const chunk = await receiveFrom(schedulerOf(loop), conn, buf.length);
  buf.set(chunk);
  return chunk.length;
}

/** Implements `loop.sockSendAll()`. */
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

/** Implements `loop.sockSendFile()`. */
export async function sockSendFile(
  loop: EventLoop,
  conn: Deno.Conn,
  file: Deno.FsFile,
  options: SendFileOptions,
): Promise<number> {
  assertOptions("sockSendFile", options);
  assertFlags("sockSendFile", options, "fallback");
  const { offset = 0, count = null, fallback = true } = options;
  assertUsable("sockSendFile", conn);
  const part = { offset, count };
  assertFilePart("sockSendFile", file, part);
  if (!fallback) {
    throw new SendfileNotAvailableError(
      "The fallback option must not be false, as Deno does not support sendfile(2)",
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

/** Implements `loop.sockAccept()`. */
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
    // A connection may still be accepted. If no call takes it, the end of the loop closes it.
    if (error instanceof CancelledError) scheduler.resources.add(accepting);
    throw error;
  }
}

/** Accepts the next connection that has not failed. */
async function acceptFrom(listener: Deno.Listener): Promise<Deno.Conn> {
  while (true) {
    try {
      return await listener.accept();
    } catch (error) {
      if (!isSingleConnectionFailure(error)) throw error;
    }
  }
}

/** Throws unless the value is a connection that no transport uses. */
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

/** Sends a file chunk outside the calling task, since the rest is sent even if the task is cancelled. */
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

/** Waits for a pending file chunk. If sending it fails, the next write fails, too. */
async function chunkSent(scheduler: Scheduler, conn: Deno.Conn): Promise<void> {
  const sending = chunks.get(conn);
  if (sending === undefined) return;
  await networkCompletionOf(scheduler, sending.catch(() => {}));
  if (chunks.get(conn) === sending) chunks.delete(conn);
}
