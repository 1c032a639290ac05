// Copyright 2026 the asyncio for Deno authors. MIT license.

import { nameOf } from "./name_of.ts";

/** Throws unless `data` can be sent. */
export function assertBytes(method: string, data: unknown): void {
  if (data instanceof Uint8Array || typeof data === "string") return;
  throw new TypeError(
    `${method}() takes a Uint8Array or a string: received ${nameOf(data)}`,
  );
}
