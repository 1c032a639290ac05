// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  IncompleteReadError,
  LimitOverrunError,
  type StreamReader,
} from "@asyncio/asyncio";

/**
 * Reads a line as text that is safe to print. Returns null at the end of the
 * stream, even in the middle of a line.
 *
 * @throws {RangeError} If the line exceeds the reader's limit.
 */
export async function readLine(reader: StreamReader): Promise<string | null> {
  try {
    const bytes = await reader.readUntil("\n");
    // Control characters, and characters that change the direction of writing
    return new TextDecoder().decode(bytes).replaceAll(/\p{C}/gu, "").trim();
  } catch (error) {
    if (error instanceof IncompleteReadError) return null;
    if (error instanceof LimitOverrunError) {
      throw new RangeError("That line is too long");
    }
    throw error;
  }
}
