// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assemble,
  type Snapshot,
  SNAPSHOT_VERSION,
  type SnapshotPart,
} from "../loop/core/introspection/snapshot.ts";
import {
  type Program,
  PROTOCOL_VERSION,
  type Reply,
  type Request,
  type Statistics,
  type TraceEvent,
} from "../loop/core/introspection/protocol.ts";
import { connectTo } from "./_endpoint.ts";

/** A way to a program. */
export interface Link extends AsyncDisposable {
  /** Sends a request, and gives its replies. */
  replies(request: Request): AsyncGenerator<Reply, void>;
}

/** The requests of a viewer to a program, over any connection. */
export class Client implements AsyncDisposable {
  readonly program: Program;
  readonly #link: Link;
  #requests = 0;
  /** The end of the request before: requests are answered one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(link: Link, program: Program) {
    this.#link = link;
    this.program = program;
  }

  /** Begins to ask; closes the link if the program refuses, or has another version of the library. */
  static async begin(link: Link, token: string | null): Promise<Client> {
    const hello: Request = {
      id: 0,
      method: "hello",
      ...token !== null && { token },
    };
    try {
      const { value: reply } = await link.replies(hello).next();
      if (reply === undefined || !("result" in reply)) {
        throw new Error("The program refuses the viewer");
      }
      const program = reply.result as Program;
      if (program.protocol !== PROTOCOL_VERSION) {
        throw new Error(
          `The program has another version of the library: it speaks protocol ${program.protocol}, this viewer ${PROTOCOL_VERSION}`,
        );
      }
      return new Client(link, program);
    } catch (error) {
      await link[Symbol.asyncDispose]();
      throw error;
    }
  }

  async snapshot(options: { limit?: number } = {}): Promise<Snapshot> {
    const parts: SnapshotPart[] = [];
    for await (const part of this.#parts({ method: "snapshot", ...options })) {
      parts.push(part as SnapshotPart);
    }
    const snapshot = assemble(parts);
    if (snapshot.version !== SNAPSHOT_VERSION) {
      throw new Error("The program has another version of the library");
    }
    return snapshot;
  }

  async statistics(): Promise<Statistics> {
    return await this.#ask({ method: "statistics" }) as Statistics;
  }

  async *trace(seconds: number): AsyncGenerator<TraceEvent[], void> {
    for await (const part of this.#parts({ method: "trace", seconds })) {
      yield part as TraceEvent[];
    }
  }

  async sites(seconds: number): Promise<void> {
    await this.#ask({ method: "sites", seconds });
  }

  async cancel(task: number): Promise<boolean> {
    return await this.#ask({ method: "cancel", task }) as boolean;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
  }

  async #ask(request: Omit<Request, "id">): Promise<unknown> {
    const parts = this.#parts(request);
    while (true) {
      const { done, value } = await parts.next();
      if (done) return value;
    }
  }

  async *#parts(
    request: Omit<Request, "id">,
  ): AsyncGenerator<unknown, unknown> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    try {
      const id = ++this.#requests;
      for await (const reply of this.#link.replies({ id, ...request })) {
        if (reply.id !== id) continue;
        if ("error" in reply) throw new Error(reply.error);
        if ("result" in reply) return reply.result;
        yield reply.part;
      }
      throw new Deno.errors.UnexpectedEof("The program is gone");
    } finally {
      resolve();
    }
  }
}

/** Connects to a program that called `inspect()`, and which may take a time in milliseconds to answer. */
export async function connect(
  path: string,
  patience?: number,
): Promise<Client> {
  const { conn, token } = await connectTo(path);
  const link = new SocketLink(conn);
  const timer = patience === undefined
    ? undefined
    : setTimeout(() => link[Symbol.asyncDispose](), patience);
  try {
    return await Client.begin(link, token);
  } finally {
    clearTimeout(timer);
  }
}

class SocketLink implements Link {
  readonly #conn: Deno.Conn;
  readonly #lines: AsyncGenerator<string, void>;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.#lines = linesOf(conn);
  }

  async *replies(request: Request): AsyncGenerator<Reply, void> {
    await writeAll(this.#conn, `${JSON.stringify(request)}\n`);
    while (true) {
      const { done, value } = await this.#lines.next();
      if (done) return;
      yield replyIn(value);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#conn.close();
    } catch {
      // The program closed it.
    }
    await this.#lines.return();
  }
}

/** Matches control characters, which programs with the library escape. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?<!\\)(?:\\\\)*\\[^"\\]/u;

/** Reads a reply; the program may be another than it seems. */
export function replyIn(line: string): Reply {
  if (UNSAFE.test(line)) {
    throw new Deno.errors.InvalidData("The program sends control characters");
  }
  return JSON.parse(line);
}

async function* linesOf(conn: Deno.Conn): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  const memory = new Uint8Array(65536);
  let texts: string[] = [];
  while (true) {
    let count: number | null;
    try {
      count = await conn.read(memory);
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return;
      throw error;
    }
    if (count === null) return;
    const text = decoder.decode(memory.subarray(0, count), { stream: true });
    const lines = text.split("\n");
    texts.push(lines.shift()!);
    if (lines.length === 0) continue;
    yield texts.join("");
    texts = [lines.pop()!];
    yield* lines;
  }
}

async function writeAll(conn: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) {
    sent += await conn.write(bytes.subarray(sent));
  }
}
