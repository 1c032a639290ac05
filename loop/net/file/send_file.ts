// Copyright 2026 the asyncio for Deno authors. MIT license.

import { RuntimeError, SendfileNotAvailableError } from "../../core/errors.ts";
import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { isInstance } from "../../core/unknown_value.ts";
import { assertFlags, assertOptions } from "../../core/validate.ts";
import { networkCompletionOf } from "../stream/callbacks.ts";
import { ConnTransport } from "../stream/conn_transport.ts";
import type { WriteTransport } from "../write_transport.ts";
import { assertFilePart, sendChunks } from "./file_chunks.ts";
import type { SendFileOptions } from "../options.ts";

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
