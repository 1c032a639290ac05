// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Source, unexpectedEnd } from "./source.ts";

/** The response of a server. The body can be iterated once, as it arrives. */
export interface Answer {
  readonly status: number;
  /** The reason phrase, which may be empty. */
  readonly reason: string;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array>;
}

/** The greatest length of all header fields together, in characters. */
const FIELDS_LIMIT = 64 * 1024;

const PIECE = 64 * 1024;

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/;

/** Reads a response up to its body. */
export async function readAnswer(source: Source): Promise<Answer> {
  while (true) {
    const line = await source.line();
    const [, digits, reason = ""] = STATUS_LINE.exec(line) ?? [];
    if (digits === undefined) {
      throw new TypeError("Expected an answer of HTTP/1.1");
    }
    const status = Number(digits);
    const headers = await readFields(source);
    if (status < 200) continue; // the final response follows
    const body = bodyOf(source, status, headers);
    return { status, reason, headers, body };
  }
}

async function readFields(source: Source): Promise<Headers> {
  const headers = new Headers();
  for (let left = FIELDS_LIMIT; left > 0;) {
    const line = await source.line();
    if (line === "") return headers;
    left -= line.length;
    const colon = line.indexOf(":");
    headers.append(line.slice(0, Math.max(colon, 0)), line.slice(colon + 1));
  }
  throw new RangeError("The header fields of the answer are too long");
}

async function* bodyOf(
  source: Source,
  status: number,
  headers: Headers,
): AsyncGenerator<Uint8Array, void> {
  if (status === 204 || status === 304) return;
  if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") {
    yield* chunks(source);
    return;
  }
  const length = headers.get("content-length");
  if (length !== null) {
    yield* pieces(source, sizeOf(length, 10));
    return;
  }
  // It ends with the connection
  while (true) {
    const piece = await source.piece(PIECE);
    if (piece.length === 0) return;
    yield piece;
  }
}

async function* chunks(source: Source): AsyncGenerator<Uint8Array, void> {
  while (true) {
    const [size = ""] = (await source.line()).split(";");
    const length = sizeOf(size.trim(), 16);
    if (length === 0) break;
    yield* pieces(source, length);
    await source.line();
  }
  await readFields(source);
}

async function* pieces(
  source: Source,
  left: number,
): AsyncGenerator<Uint8Array, void> {
  while (left > 0) {
    const piece = await source.piece(Math.min(left, PIECE));
    if (piece.length === 0) throw unexpectedEnd();
    left -= piece.length;
    yield piece;
  }
}

function sizeOf(text: string, radix: 10 | 16): number {
  if ((radix === 10 ? /^\d+$/ : /^[\da-f]+$/i).test(text)) {
    return parseInt(text, radix);
  }
  throw new TypeError(`Expected how long the body is, received ${text}`);
}
