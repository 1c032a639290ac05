// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  IncompleteReadError,
  LimitOverrunError,
  type StreamReader,
} from "@asyncio/asyncio";
import { HttpError } from "./http_error.ts";

const LINE = /^([^\r\n]*)\r\n$/;

/**
 * Reads a line, which must end in CR LF: a server that accepts less may see other
 * requests than the proxy in front of it.
 *
 * @param tooLong The status if the line exceeds the reader's limit.
 * @param start The part of the line that was read before.
 */
export async function readLine(
  reader: StreamReader,
  tooLong: number,
  start = "",
): Promise<string> {
  let bytes;
  try {
    bytes = await reader.readUntil("\n");
  } catch (error) {
    if (error instanceof LimitOverrunError) {
      throw new HttpError(tooLong, "A line is too long");
    }
    if (error instanceof IncompleteReadError) {
      throw new HttpError(400, "The request ends in the middle");
    }
    throw error;
  }
  const [, line] = LINE.exec(start + String.fromCharCode(...bytes)) ?? [];
  if (line !== undefined) return line;
  throw new HttpError(400, "Expected lines that end in CR LF");
}
