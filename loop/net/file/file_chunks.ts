// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Scheduler } from "../../core/scheduler.ts";
import { isInstance } from "../../core/unknown_value.ts";
import { outOfRange, wrongType } from "../../core/validate.ts";
import { assertSize } from "../stream/assertions.ts";
import { completionOf, networkCompletionOf } from "../stream/callbacks.ts";

/** Which part of a file is sent. */
interface FilePart {
  /** Where it begins, in bytes. */
  readonly offset: number;
  /** How many bytes it has at most; `null` for all to the end of the file. */
  readonly count: number | null;
}

/** Throws unless there can be such a part of the file. */
export function assertFilePart(
  method: string,
  file: unknown,
  { offset, count }: FilePart,
): void {
  if (!isInstance(file, Deno.FsFile)) {
    throw wrongType(`The file of ${method}()`, "a Deno.FsFile", file);
  }
  assertSize("offset", offset);
  if (count !== null && (!Number.isSafeInteger(count) || count <= 0)) {
    throw outOfRange("The count", "a positive integer or null", count);
  }
}

/** How much is read at a time, in bytes; with a quarter of that it takes twice as long. */
const BLOCK_SIZE = 256 * 1024;

/**
 * Hands a part of a file on, chunk by chunk; a chunk is valid until `send` has ended, which it does also if
 * the task is cancelled. Returns how many bytes there were. The file's position is then behind the last
 * chunk that was sent, or is still being sent as the task was cancelled.
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
    // A read that was cancelled goes on; only one operation at a time can use the file.
    await reading.catch(() => {});
    // A file that was closed meanwhile has no position, and what failed before is what to tell.
    await file.seek(offset + sent, Deno.SeekMode.Start).catch(() => {});
  }
}
