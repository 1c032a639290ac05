// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Snapshot,
  SNAPSHOT_VERSION,
  type SnapshotPart,
  type TaskInfo,
} from "../loop/core/introspection/snapshot.ts";
import { connectTo } from "./_endpoint.ts";
import {
  type Program,
  PROTOCOL_VERSION,
  type Reply,
  type Request,
  type Statistics,
  type TraceEvent,
} from "./_protocol.ts";

/** The requests of a viewer to a program, over any connection. */
export interface Client extends AsyncDisposable {
  readonly program: Program;
  snapshot(options?: { limit?: number }): Promise<Snapshot>;
  statistics(): Promise<Statistics>;
  trace(seconds: number): AsyncGenerator<TraceEvent[], void>;
  sites(seconds: number): Promise<void>;
  cancel(task: number): Promise<boolean>;
}

/** Connects to a program that called `inspect()`. */
export async function connect(path: string): Promise<Client> {
  const { conn, token } = await connectTo(path);
  const client = new SocketClient(conn);
  try {
    await client.greet(token);
    return client;
  } catch (error) {
    conn.close();
    throw error;
  }
}

class SocketClient implements Client {
  program!: Program;
  readonly #conn: Deno.Conn;
  readonly #lines: AsyncGenerator<string, void>;
  #requests = 0;
  /** The end of the request before: requests are answered one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.#lines = linesOf(conn);
  }

  async greet(token: string | null): Promise<void> {
    this.program = await this.#ask({
      method: "hello",
      ...token !== null && { token },
    }) as Program;
    const { protocol } = this.program;
    if (protocol !== PROTOCOL_VERSION) {
      throw new Error(
        `The program has another version of the library: it speaks protocol ${protocol}, this viewer ${PROTOCOL_VERSION}`,
      );
    }
  }

  async snapshot(options: { limit?: number } = {}): Promise<Snapshot> {
    const tasks: TaskInfo[] = [];
    let rest: Omit<Snapshot, "tasks"> | undefined;
    for await (const part of this.#parts({ method: "snapshot", ...options })) {
      const known = part as SnapshotPart;
      if ("tasks" in known) tasks.push(...known.tasks);
      else rest = known;
    }
    if (rest?.version !== SNAPSHOT_VERSION) {
      throw new Error("The program has another version of the library");
    }
    return { ...rest, tasks };
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
    try {
      this.#conn.close();
    } catch {
      // The program closed it.
    }
    await this.#lines.return();
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
      await writeAll(this.#conn, `${JSON.stringify({ id, ...request })}\n`);
      while (true) {
        const { done, value } = await this.#lines.next();
        if (done) throw new Deno.errors.UnexpectedEof("The program is gone");
        const reply = JSON.parse(value) as Reply;
        if (reply.id !== id) continue;
        if ("error" in reply) throw new Error(reply.error);
        if ("result" in reply) return reply.result;
        yield reply.part;
      }
    } finally {
      resolve();
    }
  }
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
