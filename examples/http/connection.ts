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
export interface HttpRequest extends Head {
  readonly body: Body;
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
    while (await connection.serveRequest());
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

  /** Answers one request; returns whether there may be another. */
  async serveRequest(): Promise<boolean> {
    let head: Head | null = null;
    let body: Body | null = null;
    let reply: Reply;
    try {
      head = await this.#readHead();
      if (head === null) return false;
      body = this.#bodyOf(head);
      reply = await this.#site.handle(Object.assign(head, { body }));
    } catch (error) {
      reply = this.#replyTo(error);
    }
    // The rest of an unread body must not be taken for the next request
    const canGoOn = body?.isRead ?? false;
    return await this.#send(reply, head, canGoOn && wantsMore(head));
  }

  /** Waits for a request and reads its head; null if none comes. */
  async #readHead(): Promise<Head | null> {
    const start = await this.#firstCharacter();
    if (start === null) return null;
    const reading = readHead(this.#reader, start);
    if (reading instanceof Head) return reading;
    try {
      return await timeout(this.#site.timeout, reading);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw new HttpError(408, "The request did not come in time");
    }
  }

  async #firstCharacter(): Promise<string | null> {
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

  #bodyOf(head: Head): Body {
    const expectation = head.fields.get("expect")?.toLowerCase();
    if (expectation !== undefined && expectation !== "100-continue") {
      throw new HttpError(417, "Expected 100-continue as the Expect");
    }
    return new Body(this.#reader, head, {
      maxBytes: this.#site.maxBody,
      timeout: this.#site.timeout,
      onWanted: () => {
        if (expectation !== undefined && head.version === "1.1") {
          this.#writer.write("HTTP/1.1 100 Continue\r\n\r\n");
        }
      },
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

  async #send(
    reply: Reply,
    head: Head | null,
    keepAlive: boolean,
  ): Promise<boolean> {
    const { status = 200 } = reply;
    const request = head === null
      ? "-"
      : `${head.method} ${head.target} HTTP/${head.version}`;
    const entry = `${this.#peer} "${request}" ${status}`;
    try {
      const [size, isKept] = await send(this.#writer, reply, {
        version: head?.version ?? "1.1",
        isHead: head?.method === "HEAD",
        keepAlive: keepAlive && !this.#site.isStopping,
        timeout: this.#site.timeout,
      });
      this.#site.log(`${entry} ${size}`);
      return isKept;
    } catch (error) {
      this.#site.log(`${entry} cut off`);
      if (error instanceof CancelledError || this.#writer.isClosing()) {
        throw error;
      }
      if (!(error instanceof TimeoutError)) this.#site.report(error);
      this.#writer.transport.abort();
      return false;
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

function wantsMore(head: Head | null): boolean {
  if (head === null) return false;
  const connection = head.fields.get("connection");
  if (connection === null) return head.version === "1.1";
  const tokens = connection.toLowerCase().split(/[ \t]*,[ \t]*/);
  return head.version === "1.1"
    ? !tokens.includes("close")
    : tokens.includes("keep-alive");
}
