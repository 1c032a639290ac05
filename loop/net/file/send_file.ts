// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Scheduler, schedulerOf } from "../../core/scheduler.ts";
import { isInstance } from "../../core/unknown_value.ts";
import {
  assertFlags,
  assertInteger,
  assertOptions,
  wrongType,
} from "../../core/validate.ts";
import { assertSize } from "../stream/assertions.ts";
import { completionOf, networkCompletionOf } from "../stream/callbacks.ts";
import { RuntimeError, SendfileNotAvailableError } from "../../core/errors.ts";
import type { EventLoop } from "../../event_loop.ts";
import { ConnTransport } from "../stream/conn_transport.ts";
import type { WriteTransport } from "../transports.ts";
import type { SendFileOptions } from "../options.ts";

/** A part of a file. */
interface FilePart {
  /** The position of its start, in bytes. */
  readonly offset: number;
  /** The maximum number of bytes; `null` for everything up to the end of the file. */
  readonly count: number | null;
}

/** Throws unless the file and the part are valid. */
export function assertFilePart(
  method: string,
  file: unknown,
  { offset, count }: FilePart,
): void {
  if (!isInstance(file, Deno.FsFile)) {
    throw wrongType(`The file of ${method}()`, "a Deno.FsFile", file);
  }
  assertSize("offset", offset);
  if (count !== null) assertInteger("The count", count, 1);
}

/** The number of bytes to read at a time. With a quarter of it, sending takes twice as long. */
const BLOCK_SIZE = 256 * 1024;

/**
 * Sends a part of a file in chunks, and returns the number of bytes. A chunk is valid until `send` has ended, which
 * also happens if the task is cancelled. Leaves the file position after the last chunk that was sent, or that is
 * still being sent after a cancellation.
 */
export async function sendChunks(
  scheduler: Scheduler,
  file: Deno.FsFile,
  { offset, count }: FilePart,
  send: (chunk: Uint8Array) => Promise<void>,
): Promise<number> {
  const end = count === null ? Infinity : count;
  const block = new Uint8Array(Math.min(end, BLOCK_SIZE));
  let sent = 0;
  let reading: Promise<unknown> = file.seek(offset, Deno.SeekMode.Start);
  try {
    await completionOf(scheduler, reading);
    while (sent < end) {
      const read = file.read(
        block.subarray(0, Math.min(end - sent, BLOCK_SIZE)),
      );
      reading = read;
      const length = await completionOf(scheduler, read);
      if (length === null) break;
      sent += length;
      const sending = send(block.subarray(0, length)).catch((error) => {
        sent -= length;
        throw error;
      });
      await networkCompletionOf(scheduler, sending);
    }
    return sent;
  } finally {
    // A cancelled read goes on, and only one operation at a time can use the file.
    await reading.catch(() => {});
    // A closed file has no position, and the earlier error is the one to report.
    await file.seek(offset + sent, Deno.SeekMode.Start).catch(() => {});
  }
}

/** Implements `loop.sendFile()`. */
export async function sendFile(
  loop: EventLoop,
  transport: WriteTransport,
  file: Deno.FsFile,
  options: SendFileOptions,
): Promise<number> {
  assertOptions("sendFile", options);
  assertFlags("sendFile", options, "fallback");
  const { offset = 0, count = null, fallback = true } = options;
  assertFilePart("sendFile", file, { offset, count });
  if (!isInstance(transport, ConnTransport)) {
    throw new RuntimeError(
      "The transport must be that of a connection: received one that cannot send files",
    );
  }
  if (transport.isClosing()) {
    throw new RuntimeError("Cannot send a file as the transport is closing");
  }
  if (!fallback) {
    throw new SendfileNotAvailableError(
      "The fallback option must not be false, as Deno does not support sendfile(2)",
    );
  }
  const scheduler = schedulerOf(loop);
  const isEmpty = transport.beginFile();
  const wasReading = transport.isReading();
  transport.pauseReading();
  try {
    await networkCompletionOf(scheduler, isEmpty);
    return await sendChunks(
      scheduler,
      file,
      { offset, count },
      (chunk) => transport.sendPart(chunk),
    );
  } finally {
    transport.endFile();
    if (wasReading) transport.resumeReading();
  }
}
