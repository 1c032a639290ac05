// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  MAX_REQUEST,
  type Reply,
  type Request,
} from "../loop/core/introspection/protocol.ts";
import { RequestHandler } from "../loop/core/introspection/request_handler.ts";
import { isSameToken, keepAlive } from "./_endpoint.ts";

/** How long, in milliseconds, a viewer may take to read a reply. */
const MAX_STALL = 10_000;

/** The parts of the program that a session needs. */
export interface SessionOptions {
  readonly token: string | null;
  readonly allowCancel: boolean;
}

/** A viewer that is connected. Whatever it does, or fails to do, ends this session alone. */
export class ViewerSession {
  readonly #conn: Deno.Conn;
  readonly #token: string | null;
  readonly #handler: RequestHandler;
  readonly #encoder = new TextEncoder();
  #isTrusted: boolean;
  #isClosed = false;

  constructor(conn: Deno.Conn, { token, allowCancel }: SessionOptions) {
    this.#conn = conn;
    this.#token = token;
    this.#handler = new RequestHandler(allowCancel);
    this.#isTrusted = token === null;
  }

  /** Answers requests until the viewer leaves. Never rejects. */
  async run(): Promise<void> {
    try {
      for await (const line of this.#lines()) {
        const request = requestIn(line);
        if (request === null || this.#isClosed) break;
        this.#isTrusted ||= isSameToken(request.token, this.#token!);
        if (!this.#isTrusted) break;
        for await (const reply of this.#handler.answer(request)) {
          await this.#send(reply);
        }
      }
    } catch {
      // The connection broke, or the viewer does not read.
    } finally {
      this.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handler.close();
    try {
      keepAlive(this.#conn, true);
      this.#conn.close();
    } catch {
      // It is closed.
    }
  }

  async *#lines(): AsyncGenerator<string, void> {
    const decoder = new TextDecoder();
    const memory = new Uint8Array(MAX_REQUEST);
    let text = "";
    for (let count; (count = await this.#conn.read(memory)) !== null;) {
      text += decoder.decode(memory.subarray(0, count), { stream: true });
      const lines = text.split("\n");
      text = lines.pop()!;
      yield* lines;
      if (text.length > MAX_REQUEST) return;
    }
  }

  /** Writes a reply. A viewer that does not read it is cut off: what is to be sent must not pile up. */
  async #send(reply: Reply): Promise<void> {
    const bytes = this.#encoder.encode(`${JSON.stringify(reply)}\n`);
    const timer = setTimeout(() => this.close(), MAX_STALL);
    Deno.unrefTimer(timer);
    try {
      for (let sent = 0; sent < bytes.length;) {
        sent += await this.#conn.write(bytes.subarray(sent));
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function requestIn(line: string): Request | null {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof request !== "object" || request === null) return null;
  const { id, method } = request as Partial<Request>;
  return Number.isInteger(id) && typeof method === "string"
    ? request as Request
    : null;
}
