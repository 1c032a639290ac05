// Copyright 2026 the asyncio for Deno authors. MIT license.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A text as bytes. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Bytes as a text. */
export function textOf(bytes: Uint8Array | undefined): string {
  return decoder.decode(bytes);
}
