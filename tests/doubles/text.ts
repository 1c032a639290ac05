// Copyright 2026 the asyncio for Deno authors. MIT license.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Decodes bytes. */
export function textOf(bytes: Uint8Array | undefined): string {
  return decoder.decode(bytes);
}
