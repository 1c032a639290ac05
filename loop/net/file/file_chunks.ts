// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Scheduler } from "../../core/scheduler.ts";
import { isInstance } from "../../core/unknown_value.ts";
import { assertInteger, wrongType } from "../../core/validate.ts";
import { assertSize } from "../stream/assertions.ts";
import { completionOf, networkCompletionOf } from "../stream/callbacks.ts";

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
