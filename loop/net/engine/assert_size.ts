// Copyright 2026 the asyncio for Deno authors. MIT license.

import { typeNameOf } from "./name_of.ts";

/** Throws unless the value is a number of bytes. */
export function assertSize(name: string, value: unknown): void {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) {
    return;
  }
  throw new RangeError(
    `The ${name} must be an integer of at least 0: received ${String(value)}`,
  );
}

/** Throws unless bytes can be put into the value. */
export function assertBuffer(name: string, value: unknown): void {
  if (value instanceof Uint8Array) return;
  throw new TypeError(
    `Expected ${name} to be a Uint8Array: received ${typeNameOf(value)}`,
  );
}
