// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type StreamWriter, timeout } from "@asyncio/asyncio";
import { STATUS_CODES } from "node:http";
import type { Version } from "./head.ts";

/** The response to a request. */
export interface Reply {
  /** 200 by default. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Chunks are iterated only if they are sent. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** The length of the body in bytes; only for a body in chunks. */
  readonly length?: number;
}

/** The circumstances of a reply. */
export interface Circumstances {
  readonly version: Version;
  /** Whether the request was a HEAD. */
  readonly isHead: boolean;
  readonly keepAlive: boolean;
  /** The time after which a peer that takes nothing is given up, in seconds. */
  readonly timeout: number;
}

/** So small that a peer that does not take it in time takes nothing. */
const PIECE = 64 * 1024;

/** Sends a reply. Returns the size of the body that was sent, and whether the connection can be kept. */
export async function send(
  writer: StreamWriter,
  reply: Reply,
  { version, isHead, keepAlive, timeout: seconds }: Circumstances,
): Promise<[size: number, keepAlive: boolean]> {
  const { status = 200, body = "" } = reply;
  const content = typeof body === "string"
    ? new TextEncoder().encode(body)
    : body;
  const length = content instanceof Uint8Array ? content.length : reply.length;
  const isChunked = length === undefined && version === "1.1";
  // Otherwise the end of the connection ends the body
  const isKept = keepAlive && (length !== undefined || isChunked);

  const headers = new Headers(reply.headers);
  if (typeof body === "string" && !headers.has("content-type")) {
    headers.set("content-type", "text/plain; charset=utf-8");
  }
  headers.set("date", new Date().toUTCString());
  if (length !== undefined) headers.set("content-length", `${length}`);
  if (isChunked) headers.set("transfer-encoding", "chunked");
  if (!isKept) headers.set("connection", "close");
  else if (version === "1.0") headers.set("connection", "keep-alive");
  writer.write(headOf(status, headers));
  if (isHead) return [0, isKept];

  let size = 0;
  for await (const piece of piecesOf(content)) {
    size += piece.length;
    if (size > (length ?? Infinity)) break;
    if (isChunked) {
      writer.writeLines([`${piece.length.toString(16)}\r\n`, piece, "\r\n"]);
    } else {
      writer.write(piece);
    }
    await timeout(seconds, () => writer.drain());
  }
  if (isChunked) writer.write("0\r\n\r\n");
  if (length === undefined || length === size) return [size, isKept];
  throw new RangeError(
    `Expected a body of ${length} bytes: received ${size} or more`,
  );
}

function headOf(status: number, headers: Headers): string {
  const fields = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  const reason = STATUS_CODES[status] ?? "";
  return `HTTP/1.1 ${status} ${reason}\r\n${fields.join("")}\r\n`;
}

async function* piecesOf(
  content: Uint8Array | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  for await (
    const piece of content instanceof Uint8Array ? [content] : content
  ) {
    for (let start = 0; start < piece.length; start += PIECE) {
      yield piece.subarray(start, start + PIECE);
    }
  }
}
