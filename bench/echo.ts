// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Echo over TCP: a server of `startServer()` against a bare loop that reads, copies the bytes and
 * writes them. Server and client are processes of their own, on a core each where `taskset` is there
 * to say so; the servers take turns, and what is printed are medians.
 *
 * ```sh
 * deno run -A bench/echo.ts
 * ```
 *
 * @module
 */

import process from "node:process";
import { run, startServer } from "../mod.ts";
import { median } from "./side_by_side.ts";

const CONNECTIONS = 32;
const SIZES = [64, 1024];
const ROUNDS = 7;
const SECONDS_PER_ROUND = 1;
const SERVERS = ["bare", "streams"] as const;

type ServerName = typeof SERVERS[number];

/** What one round came to. */
interface Round {
  /** Messages there and back in a second. */
  rate: number;
  /** What the server's core was busy with each, in microseconds. */
  cost: number;
}

async function serveBare(): Promise<never> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  announce(listener);
  while (true) void echoBare(await listener.accept());
}

async function echoBare(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay(true);
  const buffer = new Uint8Array(64 * 1024);
  for (let n; (n = await conn.read(buffer)) !== null;) {
    const copy = buffer.slice(0, n);
    for (let sent = 0; sent < n;) {
      sent += await conn.write(sent === 0 ? copy : copy.subarray(sent));
    }
  }
  conn.close();
}

async function serveStreams(): Promise<never> {
  return await run(async () => {
    const server = await startServer(
      async (reader, writer) => {
        for (let data; (data = await reader.read(64 * 1024)).length > 0;) {
          writer.write(data);
          await writer.drain();
        }
        writer.close();
      },
      "127.0.0.1",
      0,
    );
    announce(server.sockets[0]!);
    return await server.serveForever();
  });
}

/** Says where the server listens, and on request how long its core has been busy. */
function announce(listener: Deno.Listener): void {
  console.log((listener.addr as Deno.NetAddr).port);
  void (async () => {
    for await (const _ of Deno.stdin.readable) {
      const { user, system } = process.cpuUsage();
      console.log(user + system);
    }
    Deno.exit();
  })();
}

/** Sends and receives messages on all connections for a while; prints how many. */
async function exchange(port: number, size: number): Promise<void> {
  const message = new Uint8Array(size).fill(97);
  let count = 0;
  let isOver = false;
  const conns = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => Deno.connect({ port })),
  );
  const start = performance.now();
  setTimeout(() => isOver = true, SECONDS_PER_ROUND * 1000);
  await Promise.all(conns.map(async (conn) => {
    conn.setNoDelay(true);
    const buffer = new Uint8Array(size);
    while (!isOver) {
      for (let sent = 0; sent < size;) {
        sent += await conn.write(sent === 0 ? message : message.subarray(sent));
      }
      for (let received = 0; received < size;) {
        received += await conn.read(buffer) ?? size;
      }
      count++;
    }
    conn.close();
  }));
  console.log(count / (performance.now() - start) * 1000);
}

async function compare(): Promise<void> {
  const servers = new Map<ServerName, Server>();
  for (const name of SERVERS) servers.set(name, await Server.start(name));
  for (const size of SIZES) {
    const rounds: Record<ServerName, Round[]> = { bare: [], streams: [] };
    for (let round = 0; round <= ROUNDS; round++) {
      for (const name of SERVERS) {
        const result = await servers.get(name)!.measure(size);
        // The first one warms up.
        if (round > 0) rounds[name].push(result);
      }
    }
    print(size, rounds);
  }
  for (const server of servers.values()) await server.stop();
}

function print(size: number, rounds: Record<ServerName, Round[]>): void {
  console.log(`\n${size} B, ${CONNECTIONS} connections`);
  for (const name of SERVERS) {
    const rate = median(rounds[name].map((round) => round.rate));
    const cost = median(rounds[name].map((round) => round.cost));
    console.log(
      `  ${name.padEnd(8)} ${rate.toFixed(0).padStart(8)} messages/s  ${
        cost.toFixed(2)
      } µs of the server's core each`,
    );
  }
  const ratioOf = (f: (bare: Round, streams: Round) => number) =>
    median(rounds.bare.map((bare, i) => f(bare, rounds.streams[i]!)));
  const ratio = ratioOf((bare, streams) => streams.rate / bare.rate);
  const costRatio = ratioOf((bare, streams) => bare.cost / streams.cost);
  console.log(
    `  ratio    ${ratio.toFixed(2)} by messages/s, ${
      costRatio.toFixed(2)
    } by the core's time`,
  );
}

/** A server in a process of its own. */
class Server {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  #port = 0;

  private constructor(name: ServerName) {
    this.#process = command(0, "serve", name).spawn();
    this.#lines = this.#process.stdout
      .pipeThrough(new TextDecoderStream()).getReader();
    this.#requests = this.#process.stdin.getWriter();
  }

  static async start(name: ServerName): Promise<Server> {
    const server = new Server(name);
    server.#port = await server.#number();
    return server;
  }

  async measure(size: number): Promise<Round> {
    const before = await this.#cpuTime();
    const client = command(1, "exchange", this.#port, size).spawn();
    await client.stdin.close();
    const rate = Number(await new Response(client.stdout).text());
    const busy = await this.#cpuTime() - before;
    return { rate, cost: busy / (rate * SECONDS_PER_ROUND) };
  }

  async stop(): Promise<void> {
    await this.#requests.close();
    await this.#lines.cancel();
    await this.#process.status;
  }

  async #cpuTime(): Promise<number> {
    await this.#requests.write(new Uint8Array([10]));
    return await this.#number();
  }

  async #number(): Promise<number> {
    const { value } = await this.#lines.read();
    return Number(value);
  }
}

/** This program in another role, on a core of its own. */
function command(core: number, ...args: (string | number)[]): Deno.Command {
  const words = [
    ...taskset === null ? [] : [taskset, "-c", String(core)],
    Deno.execPath(),
    "run",
    "-A",
    ...profiling(args),
    import.meta.filename!,
    ...args.map(String),
  ];
  return new Deno.Command(words[0]!, {
    args: words.slice(1),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  });
}

function profiling(args: (string | number)[]): string[] {
  const dir = Deno.env.get("ECHO_PROFILE");
  return dir && args.includes("streams")
    ? ["--cpu-prof", `--cpu-prof-dir=${dir}`]
    : [];
}

async function findTaskset(): Promise<string | null> {
  try {
    const { success } = await new Deno.Command("taskset", {
      args: ["-c", "0,1", "true"],
    }).output();
    return success ? "taskset" : null;
  } catch {
    return null;
  }
}

/** Where there is one, it gives each process a core of its own. */
let taskset: string | null = null;

/** Measures and prints. */
export async function main(): Promise<void> {
  console.log("\nEcho over TCP, startServer() against a bare loop");
  taskset = await findTaskset();
  await compare();
}

if (import.meta.main) {
  const [role, ...rest] = Deno.args;
  if (role === "serve") {
    await (rest[0] === "bare" ? serveBare() : serveStreams());
  } else if (role === "exchange") {
    await exchange(Number(rest[0]), Number(rest[1]));
  } else {
    await main();
  }
}
