// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  CancelledError,
  currentTask,
  type StreamReader,
  type StreamWriter,
  timeout,
  TimeoutError,
} from "@asyncio/asyncio";
import { Body } from "./body.ts";
import { Head, readHead } from "./head.ts";
import { HttpError } from "./http_error.ts";
import type { IdleTasks } from "./idle.ts";
import { type Reply, send } from "./reply.ts";

/** A request. Its body may still be arriving. */
export class HttpRequest extends Head {
  /** Set once the head is accepted, so always for a handler. */
  body!: Body;
}

/** The state that all connections of a server share. */
export interface Site {
  readonly handle: (request: HttpRequest) => Reply | Promise<Reply>;
  readonly log: (line: string) => void;
  /** Called with errors of the program, not of the peer. */
  readonly report: (error: unknown) => void;
  /** The time limit for a head, and for a pause while a body is sent or received, in seconds. */
  readonly timeout: number;
  readonly maxBody: number;
  readonly idle: IdleTasks;
  /** Whether no more requests are taken. */
  isStopping: boolean;
}

/** Answers the requests of a connection in order, and closes it. */
export async function serveConnection(
  reader: StreamReader,
  writer: StreamWriter,
  site: Site,
): Promise<void> {
  const connection = new Connection(reader, writer, site);
  try {
    let start;
    do {
      start = await connection.firstCharacter();
    } while (start !== null && await connection.serveRequest(start));
    await connection.hangUp();
  } catch (error) {
    // The peer has disconnected, which it may do
    if (error instanceof CancelledError || !writer.isClosing()) throw error;
  } finally {
    writer.transport.abort();
  }
}

class Connection {
  readonly #reader: StreamReader;
  readonly #writer: StreamWriter;
  readonly #site: Site;
  readonly #peer: string;
  readonly #task = currentTask()!;

  constructor(reader: StreamReader, writer: StreamWriter, site: Site) {
    this.#reader = reader;
    this.#writer = writer;
    this.#site = site;
    this.#peer = (writer.getExtraInfo("peername") as Deno.NetAddr).hostname;
  }

  /** Waits for a request and reads its first character; null if none comes. */
  async firstCharacter(): Promise<string | null> {
    const { idle, isStopping } = this.#site;
    if (isStopping) return null;
    idle.add(this.#task);
    try {
      const byte = await this.#reader.read(1);
      return byte.length === 0 ? null : String.fromCharCode(byte[0]!);
    } finally {
      idle.delete(this.#task);
    }
  }

  /** Reads the rest of a request and answers it; returns whether there may be another. */
  async serveRequest(start: string): Promise<boolean> {
    let request: HttpRequest | null = null;
    let reply: Reply;
    try {
      const { timeout: seconds, handle } = this.#site;
      request = new HttpRequest(await readHead(this.#reader, start, seconds));
      request.body = this.#bodyOf(request);
      reply = await handle(request);
    } catch (error) {
      reply = this.#replyTo(error);
    }
    return await this.#send(reply, request);
  }

  #bodyOf(head: Head): Body {
    const expectation = head.fields.get("expect")?.toLowerCase();
    if (expectation === undefined) {
      return new Body(this.#reader, head, this.#site, null);
    }
    if (expectation !== "100-continue") {
      throw new HttpError(417, "Expected 100-continue as the Expect");
    }
    return new Body(this.#reader, head, this.#site, () => {
      if (head.version === "1.1") {
        this.#writer.write("HTTP/1.1 100 Continue\r\n\r\n");
      }
    });
  }

  #replyTo(error: unknown): Reply {
    if (error instanceof CancelledError || this.#writer.isClosing()) {
      throw error;
    }
    if (error instanceof HttpError) {
      const { status, headers, message } = error;
      return { status, headers, body: `${message}\n` };
    }
    this.#site.report(error);
    return { status: 500, body: "Something went wrong\n" };
  }

  /** Sends a reply; returns whether there may be another request. */
  async #send(reply: Reply, request: HttpRequest | null): Promise<boolean> {
    const { log, report, isStopping, timeout: seconds } = this.#site;
    const line = request === null
      ? "-"
      : `${request.method} ${request.target} HTTP/${request.version}`;
    let entry = `${this.#peer} "${line}" ${reply.status ?? 200}`;
    try {
      const { size, isKept } = await send(this.#writer, reply, {
        version: request?.version ?? "1.1",
        isHead: request?.method === "HEAD",
        keepAlive: !isStopping && wantsMore(request),
        timeout: seconds,
      });
      entry += ` ${size}`;
      return isKept;
    } catch (error) {
      entry += " cut off";
      if (error instanceof CancelledError || this.#writer.isClosing()) {
        throw error;
      }
      if (!(error instanceof TimeoutError)) report(error);
      this.#writer.transport.abort();
      return false;
    } finally {
      log(entry);
    }
  }

  /** Closes the connection when the peer has received everything. */
  async hangUp(): Promise<void> {
    const { timeout: seconds } = this.#site;
    try {
      await timeout(seconds, async () => {
        if (this.#writer.canWriteEof()) this.#writer.writeEof();
        // A connection that is closed with unread data is reset, and the peer may
        // never see the response
        while ((await this.#reader.read(64 * 1024)).length > 0);
        this.#writer.close();
        await this.#writer.waitClosed();
      });
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  }
}

function wantsMore(request: HttpRequest | null): boolean {
  // The rest of an unread body must not be taken for the next request
  if (request === null || !request.body?.isRead) return false;
  const connection = request.fields.get("connection");
  if (connection === null) return request.version === "1.1";
  const tokens = connection.toLowerCase().split(/[ \t]*,[ \t]*/);
  return request.version === "1.1"
    ? !tokens.includes("close")
    : tokens.includes("keep-alive");
}
