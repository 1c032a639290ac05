// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { StreamReader } from "@asyncio/asyncio";
import { HttpError } from "./http_error.ts";
import { readLine } from "./line.ts";

export type Version = "1.0" | "1.1";

/** The head of a request: everything before its body. */
export interface Head {
  readonly method: string;
  readonly target: string;
  readonly url: URL;
  readonly version: Version;
  readonly headers: Headers;
}

/** The greatest length of a line, and of all fields of a request together, in bytes. */
export const HEAD_LIMIT = 16 * 1024;

const REQUEST_LINE = /^([\w!#$%&'*+.^`|~-]+) ([\x21-\x7e]+) HTTP\/(\d)\.(\d)$/;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Reads the head of a request, whose first character has been read already. */
export async function readHead(
  reader: StreamReader,
  start: string,
): Promise<Head> {
  let line = await readLine(reader, 414, start);
  // Some clients send an extra CR LF after a request
  if (line === "") line = await readLine(reader, 414);
  const [, method, target, major, minor] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined || target === undefined) {
    throw new HttpError(400, "Expected a request line of HTTP");
  }
  if (major !== "1") throw new HttpError(505, "Expected HTTP/1.1 or HTTP/1.0");
  if (!METHODS.includes(method)) {
    throw new HttpError(501, `${method} is not implemented`);
  }
  const version = minor === "0" ? "1.0" : "1.1";
  const headers = await readFields(reader);
  const host = hostOf(headers, version);
  return { method, target, url: urlOf(target, host), version, headers };
}

/** Reads fields, and the empty line after them. */
export async function readFields(reader: StreamReader): Promise<Headers> {
  const headers = new Headers();
  let left = HEAD_LIMIT;
  while (true) {
    const line = await readLine(reader, 431);
    if (line === "") return headers;
    left -= line.length;
    if (left < 0) throw new HttpError(431, "The header fields are too long");
    const colon = line.indexOf(":");
    try {
      // Headers checks the characters of a field
      headers.append(line.slice(0, Math.max(colon, 0)), line.slice(colon + 1));
    } catch {
      throw new HttpError(400, "Expected a header field");
    }
  }
}

function hostOf(headers: Headers, version: Version): string {
  const host = headers.get("host");
  if (host === null && version === "1.0") return "localhost";
  // No space: repeated fields are joined by a comma and a space
  if (host !== null && /^[^\s/?#@\\]+$/.test(host)) return host;
  throw new HttpError(400, "Expected one Host");
}

function urlOf(target: string, host: string): URL {
  const url = URL.parse(
    target.startsWith("/") ? `http://${host}${target}` : target,
  );
  if (url?.protocol === "http:") return url;
  throw new HttpError(400, "Expected a path or an http: URL");
}
