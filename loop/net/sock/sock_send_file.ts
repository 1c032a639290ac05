// Copyright 2026 the asyncio for Deno authors. MIT license.

import { SendfileNotAvailableError } from "../../errors.ts";
import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../scheduler.ts";
import { assertFilePart, sendChunks } from "../file/file_chunks.ts";
import type { SendFileOptions } from "../file/send_file_options.ts";
import { assertUsable, sendAll } from "./sock_stream.ts";

/** What `loop.sockSendFile()` does. */
export async function sockSendFile(
  loop: EventLoop,
  conn: Deno.Conn,
  file: Deno.FsFile,
  { offset = 0, count = null, fallback = true }: SendFileOptions,
): Promise<number> {
  assertUsable("sockSendFile", conn);
  const part = { offset, count };
  assertFilePart("sockSendFile", file, part);
  if (!fallback) {
    throw new SendfileNotAvailableError(
      "Deno has no way to have the system send a file: allow the fallback",
    );
  }
  const scheduler = schedulerOf(loop);
  return await sendChunks(
    scheduler,
    file,
    part,
    (chunk) => sendAll(scheduler, conn, chunk),
  );
}
