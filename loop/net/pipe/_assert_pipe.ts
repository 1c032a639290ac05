// Copyright 2026 the asyncio for Deno authors. MIT license.

import { hasMethods } from "../engine/has_methods.ts";
import { nameOf } from "../engine/name_of.ts";

/** Throws unless the pipe can be read. */
export function assertReadable(pipe: unknown): void {
  if (pipe instanceof ReadableStream) assertUnlocked(pipe);
  else if (!hasMethods(pipe, "read", "close")) {
    throw new TypeError(
      `Expected a Deno.FsFile, Deno.stdin or a ReadableStream as the pipe: received ${
        nameOf(pipe)
      }`,
    );
  }
}

/** Throws unless the pipe can be written. */
export function assertWritable(pipe: unknown): void {
  if (pipe instanceof WritableStream) assertUnlocked(pipe);
  else if (!hasMethods(pipe, "write", "close")) {
    throw new TypeError(
      `Expected a Deno.FsFile, Deno.stdout or a WritableStream as the pipe: received ${
        nameOf(pipe)
      }`,
    );
  }
}

function assertUnlocked(stream: { readonly locked: boolean }): void {
  if (!stream.locked) return;
  throw new TypeError(
    "Expected a stream that nobody else uses as the pipe: received a locked one",
  );
}
