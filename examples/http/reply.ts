// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type StreamWriter, timeout } from "@asyncio/asyncio";
import { STATUS_CODES } from "node:http";
import type { Version } from "./head.ts";

/** The answer to a request. */
export interface Reply {
  /** 200 by default. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes that come piece by piece are iterated only if they are sent. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** How many bytes the body has; to be told only of one that comes piece by piece. */
  readonly length?: number;
}

/** What a reply depends on, but for itself. */
export interface Circumstances {
  readonly version: Version;
  /** Whether the request was a HEAD. */
  readonly isHead: boolean;
  readonly keepAlive: boolean;
  /** How long, in seconds, the peer may take nothing. */
  readonly timeout: number;
}

/** Sends a reply; gives the size of the body that was sent, and whether the connection can be kept. */
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
  // Otherwise only its end tells where the body ends
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

  const fields = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  writer.writeLines([
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`,
    ...fields,
    "\r\n",
  ]);
  let size = 0;
  const pieces = isHead
    ? []
    : content instanceof Uint8Array
    ? [content]
    : content;
  for await (const piece of pieces) {
    if (piece.length === 0) continue; // an empty chunk would be the last
    size += piece.length;
    if (size > (length ?? Infinity)) break;
    if (isChunked) {
      writer.writeLines([`${piece.length.toString(16)}\r\n`, piece, "\r\n"]);
    } else {
      writer.write(piece);
    }
    await timeout(seconds, () => writer.drain());
  }
  if (isHead) return [size, isKept];
  if (size !== (length ?? size)) {
    throw new RangeError(
      `Expected a body of ${length} bytes: received ${size} or more`,
    );
  }
  if (isChunked) writer.write("0\r\n\r\n");
  return [size, isKept];
}
