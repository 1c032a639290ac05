// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Servers and clients as processes of their own, on a core each where `taskset` is there to say so.
 *
 * @module
 */

import { type Loop, pythonWith } from "../side_by_side.ts";
import { TextLineStream } from "../text_line_stream.ts";

const SERVER_CORE = 0;
const CLIENT_CORE = 1;

/** A server process. It prints its port, and on request its state. */
export class Server {
  readonly #process: Deno.ChildProcess;
  readonly #answers: ReadableStreamDefaultReader<string>;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  #port = 0;

  private constructor(
    words: readonly string[],
    env: Record<string, string>,
  ) {
    this.#process = command(SERVER_CORE, words, env).spawn();
    this.#answers = linesOf(this.#process);
    this.#requests = this.#process.stdin.getWriter();
  }

  /**
   * Starts a server.
   *
   * @param words The command.
   * @param env What its environment has besides.
   * @returns The server, which listens.
   */
  static async start(
    words: readonly string[],
    env: Record<string, string> = {},
  ): Promise<Server> {
    const server = new Server(words, env);
    const { value } = await server.#answers.read();
    server.#port = Number(value);
    return server;
  }

  /** The address of the server. */
  get port(): number {
    return this.#port;
  }

  /**
   * Asks the server how it is.
   *
   * @param collect Whether it is to collect its garbage first, after which its code is slow for a while.
   * @returns How long its core has been busy in µs, what memory it takes, and the most it took, in bytes.
   */
  async state(collect = false): Promise<State> {
    await this.#requests.write(
      new TextEncoder().encode(collect ? "c\n" : "\n"),
    );
    const { value } = await this.#answers.read();
    return JSON.parse(value ?? "null") as State;
  }

  /** Ends the server. */
  async stop(): Promise<void> {
    await this.#requests.close();
    await this.#answers.cancel();
    await this.#process.status;
  }
}

/** How a server is. */
export interface State {
  /** How long its core has been busy, in µs. */
  busy: number;
  /** The memory it takes, in bytes. */
  memory: number;
  /** The most that it took, in bytes. */
  peak: number;
}

/**
 * Runs a client to its end.
 *
 * @param args What `client.ts` is to do.
 * @returns What it printed: a figure.
 */
export async function runClient(
  ...args: (string | number)[]
): Promise<number> {
  const client = command(CLIENT_CORE, denoWords("client.ts", ...args)).spawn();
  await client.stdin.close();
  const text = await new Response(client.stdout).text();
  await client.status;
  return Number(text);
}

/** A client process that holds its connections, and asks on them for some time whenever it is told. */
export class Client {
  readonly #process: Deno.ChildProcess;
  readonly #answers: ReadableStreamDefaultReader<string>;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;

  /**
   * Starts a client.
   *
   * @param args What `client.ts` is to do.
   */
  constructor(...args: (string | number)[]) {
    this.#process = command(CLIENT_CORE, denoWords("client.ts", ...args))
      .spawn();
    this.#answers = linesOf(this.#process);
    this.#requests = this.#process.stdin.getWriter();
  }

  /**
   * Puts its server under load.
   *
   * @param seconds For how long.
   * @returns How many operations were done, and in how many seconds.
   */
  async ask(seconds: number): Promise<{ count: number; seconds: number }> {
    await this.#requests.write(new TextEncoder().encode(`${seconds}\n`));
    const { value = "" } = await this.#answers.read();
    const [count, taken] = value.split(" ").map(Number);
    return { count: count!, seconds: taken! };
  }

  /** Ends the client. */
  async stop(): Promise<void> {
    await this.#requests.close();
    await this.#answers.cancel();
    await this.#process.status;
  }
}

function linesOf(
  process: Deno.ChildProcess,
): ReadableStreamDefaultReader<string> {
  return process.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream()).getReader();
}

/**
 * Starts a client that goes on until it is told to stop.
 *
 * @param args What `client.ts` is to do.
 * @returns What stops it; resolved once the client has printed a line.
 */
export async function startClient(
  ...args: (string | number)[]
): Promise<() => Promise<void>> {
  const client = command(CLIENT_CORE, denoWords("client.ts", ...args)).spawn();
  const lines = client.stdout.getReader();
  await lines.read();
  return async () => {
    await client.stdin.close();
    await lines.cancel();
    await client.status;
  };
}

/** The command of one of this folder's programs. */
export function denoWords(
  file: string,
  ...args: (string | number)[]
): string[] {
  return [
    Deno.execPath(),
    "run",
    "-A",
    "--v8-flags=--expose-gc",
    ...profiling(file),
    new URL(file, import.meta.url).pathname,
    ...args.map(String),
  ];
}

/** With `BENCH_PROFILE=directory` each server leaves a profile of its processor time. */
function profiling(file: string): string[] {
  const dir = Deno.env.get("BENCH_PROFILE");
  return dir && file === "servers.ts"
    ? ["--cpu-prof", `--cpu-prof-dir=${dir}`]
    : [];
}

/** Returns the command of an asyncio server, or `null` without Python. */
export async function pythonWords(
  name: string,
  loop: Loop,
): Promise<string[] | null> {
  const python = await pythonWith(loop);
  if (python === null) return null;
  const path = new URL("../python/servers.py", import.meta.url).pathname;
  return [...python.command, path, name];
}

function command(
  core: number,
  words: readonly string[],
  env: Record<string, string> = {},
): Deno.Command {
  const all = hasTaskset
    ? ["taskset", "-c", String(core), ...words]
    : [...words];
  return new Deno.Command(all[0]!, {
    args: all.slice(1),
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  });
}

const hasTaskset = await findTaskset();

async function findTaskset(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("taskset", {
      args: ["-c", `${SERVER_CORE},${CLIENT_CORE}`, "true"],
    }).output();
    return success;
  } catch {
    return false;
  }
}
