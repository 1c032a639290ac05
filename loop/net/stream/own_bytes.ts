// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The bytes, for who is promised that nobody else changes them: memory that is shared is copied. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return isUnshared(bytes) ? bytes : bytes.slice();
}

function isUnshared(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}
