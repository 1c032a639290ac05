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

/** The sent part of a reply. */
export interface Sent {
  /** The size of the body in bytes. */
  readonly size: number;
  /** Whether the connection can be kept. */
  readonly isKept: boolean;
}

/** Sends a reply. Nothing is awaited if it is short and the peer is fast, which is the usual case. */
export function send(
  writer: StreamWriter,
  reply: Reply,
  circumstances: Circumstances,
): Sent | Promise<Sent> {
  const { body = "" } = reply;
  const { version, isHead, keepAlive, timeout: seconds } = circumstances;
  const content = typeof body === "string" && !ASCII.test(body)
    ? encoder.encode(body)
    : body;
  const isWhole = typeof content === "string" || content instanceof Uint8Array;
  const length = isWhole ? content.length : reply.length;
  const isChunked = length === undefined && version === "1.1";
  // Otherwise the end of the connection ends the body
  const isKept = keepAlive && (length !== undefined || isChunked);
  const framing = { length, isChunked, isKept };
  const head = headOf(reply, framing, version);
  if (isHead) {
    writer.write(head);
    return { size: 0, isKept };
  }
  if (!isWhole || content.length > PIECE) {
    writer.write(head);
    return sendPieces(writer, content, framing, seconds);
  }
  if (typeof content === "string") writer.write(head + content);
  else writer.writeLines([head, content]);
  const sent = { size: content.length, isKept };
  const draining = writer.drain();
  if (draining.done() && draining.exception() === null) return sent;
  return timeout(seconds, async () => {
    await draining;
    return sent;
  });
}

/** How the receiver finds the end of a body. */
interface Framing {
  readonly length: number | undefined;
  readonly isChunked: boolean;
  readonly isKept: boolean;
}

async function sendPieces(
  writer: StreamWriter,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
  { length, isChunked, isKept }: Framing,
  seconds: number,
): Promise<Sent> {
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
  if (length === undefined || length === size) return { size, isKept };
  throw new RangeError(
    `Expected a body of ${length} bytes: received ${size} or more`,
  );
}

const encoder = new TextEncoder();

/** Text whose characters are a byte each. */
const ASCII = /^[\0-\x7f]*$/;

/** The headers that only the server sets. */
const OWN = ["connection", "content-length", "date", "transfer-encoding"];
const FIELD = /^[\w!#$%&'*+.^`|~-]+:[^\0\r\n]*$/;

function headOf(
  { status = 200, headers = {}, body }: Reply,
  { length, isChunked, isKept }: Framing,
  version: Version,
): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  let hasType = typeof body !== "string" && body !== undefined;
  for (const [name, value] of Object.entries(headers)) {
    const field = `${name.toLowerCase()}: ${value}`;
    if (!FIELD.test(field)) {
      throw new TypeError(`Expected a header field: received ${field}`);
    }
    if (OWN.includes(name.toLowerCase())) continue;
    if (name.toLowerCase() === "content-type") hasType = true;
    head += `${field}\r\n`;
  }
  if (!hasType) head += "content-type: text/plain; charset=utf-8\r\n";
  head += `date: ${date()}\r\n`;
  if (length !== undefined) head += `content-length: ${length}\r\n`;
  if (isChunked) head += "transfer-encoding: chunked\r\n";
  if (!isKept) head += "connection: close\r\n";
  else if (version === "1.0") head += "connection: keep-alive\r\n";
  return `${head}\r\n`;
}

let dateText = "";
let dateSecond = 0;

/** The date and time, which is made once a second. */
function date(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}

async function* piecesOf(
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  if (typeof content === "string") content = encoder.encode(content);
  for await (
    const piece of content instanceof Uint8Array ? [content] : content
  ) {
    for (let start = 0; start < piece.length; start += PIECE) {
      yield piece.subarray(start, start + PIECE);
    }
  }
}
