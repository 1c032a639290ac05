// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Returns the bytes, or a copy if their memory is shared between threads, so that no other thread can change them.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return isUnshared(bytes) ? bytes : bytes.slice();
}

function isUnshared(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}
