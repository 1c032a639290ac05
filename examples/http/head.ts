// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  IncompleteReadError,
  LimitOverrunError,
  type StreamReader,
  timeout,
  TimeoutError,
} from "@asyncio/asyncio";
import { Fields } from "./fields.ts";
import { HttpError } from "./http_error.ts";

export type Version = "1.0" | "1.1";

/** The most that the head of a request may take, in bytes. */
export const HEAD_LIMIT = 16 * 1024;

// Some clients end the request before with one CR LF too many
const REQUEST_LINE =
  /^(?:\r\n)?([\w!#$%&'*+.^`|~-]+) ([\x21-\x7e]+) HTTP\/(\d)\.(\d)\r\n/;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/** The second is an error, and is not waited beyond. */
const ENDS = ["\r\n\r\n", "\n\n"];

/** The head of a request: everything before its body. The URL and the headers are parsed on first use. */
export class Head {
  readonly method: string;
  readonly target: string;
  readonly version: Version;
  readonly fields: Fields;
  readonly #host: string;
  #url: URL | null = null;
  #headers: Headers | null = null;

  /** Parses a head, with the empty line at its end. */
  constructor(text: string) {
    const [line, method, target, major, minor] = REQUEST_LINE.exec(text) ?? [];
    if (line === undefined) {
      throw new HttpError(400, "Expected a request line of HTTP");
    }
    if (major !== "1") {
      throw new HttpError(505, "Expected HTTP/1.1 or HTTP/1.0");
    }
    if (!METHODS.includes(method!)) {
      throw new HttpError(501, `${method} is not implemented`);
    }
    this.method = method!;
    this.target = target!;
    this.version = minor === "0" ? "1.0" : "1.1";
    this.fields = new Fields(text.slice(line.length, -2));
    this.#host = this.#validHost();
    if (!this.target.startsWith("/")) void this.url;
  }

  /** The path as it came: `url` has it in its normal form. */
  get path(): string {
    const [path] = this.target.split("?", 1);
    return path!.startsWith("/") ? path! : this.url.pathname;
  }

  get url(): URL {
    const { target } = this;
    this.#url ??= URL.parse(
      target.startsWith("/") ? `http://${this.#host}${target}` : target,
    );
    if (this.#url?.protocol === "http:") return this.#url;
    throw new HttpError(400, "Expected a path or an http: URL");
  }

  get headers(): Headers {
    return this.#headers ??= this.fields.toHeaders();
  }

  #validHost(): string {
    const host = this.fields.get("host");
    if (host === null && this.version === "1.0") return "localhost";
    // No space: what comes twice is joined by a comma and one
    if (host !== null && /^[^\s/?#@\\]+$/.test(host)) return host;
    throw new HttpError(400, "Expected one Host");
  }
}

/**
 * Reads the text of a head, whose first character has been read already, in some seconds. Returns it at once if all of it
 * is there, which is the usual case and the fastest.
 */
export function readHead(
  reader: StreamReader,
  start: string,
  seconds: number,
): string | Promise<string> {
  const reading = reader.readUntil(ENDS);
  return reading.done() && reading.exception() === null
    ? start + textOf(reading.result())
    : restOfHead(reader, reading, start, seconds);
}

async function restOfHead(
  reader: StreamReader,
  reading: PromiseLike<Uint8Array>,
  start: string,
  seconds: number,
): Promise<string> {
  try {
    return start + textOf(
      await timeout(seconds, () => bytesOf(reader, reading)),
    );
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new HttpError(408, "The request did not come in time");
  }
}

/** Reads the fields after a body, and the empty line after them. */
export async function readTrailer(reader: StreamReader): Promise<void> {
  let text = "";
  for (
    let line;
    (line = textOf(await bytesOf(reader, reader.readUntil("\n")))) !== "\r\n";
  ) {
    text += line;
    if (text.length > HEAD_LIMIT) {
      throw new HttpError(431, "The header fields are too long");
    }
  }
  void new Fields(text);
}

async function bytesOf(
  reader: StreamReader,
  reading: PromiseLike<Uint8Array>,
): Promise<Uint8Array> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof IncompleteReadError) {
      throw new HttpError(400, "The request ends in the middle");
    }
    if (!(error instanceof LimitOverrunError)) throw error;
    const begin = await reader.readExactly(error.consumed);
    throw begin.includes(LINE_FEED)
      ? new HttpError(431, "The header fields are too long")
      : new HttpError(414, "The request line is too long");
  }
}

const LINE_FEED = 10;

/** Each byte is a character of its own. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]); // which it is iterated like
}
