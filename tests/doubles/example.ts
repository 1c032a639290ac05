// Copyright 2026 the asyncio for Deno authors. MIT license.

/** How an example ended. */
export interface ExampleEnd {
  /** Its exit code. */
  code: number;
  /** Its output that {@linkcode Example.nextLine} has not returned, without carriage returns. */
  stdout: string;
  /** Its output to standard error, without colours. */
  stderr: string;
}

/** An example, run as a user runs it, in a process of its own. Disposing ends it. */
export class Example implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdout: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array> | null;
  #printed = "";

  /**
   * Starts it.
   *
   * @param name The name of its file in `examples/`.
   * @param flags What `deno run` is given: permissions, above all. It prompts for none.
   * @param args The arguments of the program.
   * @param stdin Whether there is something on its standard input: what {@linkcode Example.type} is given.
   * @param env Environment variables in addition to those of this process.
   */
  constructor(
    name: string,
    flags: readonly string[] = [],
    args: readonly string[] = [],
    stdin: "null" | "piped" = "null",
    env: Record<string, string> = {},
  ) {
    const url = new URL(`../../examples/${name}`, import.meta.url).href;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...flags, url, ...args],
      env: { NO_COLOR: "1", ...env },
      stdin,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    this.#stderr = new Response(this.#child.stderr).text();
    this.#stdin = stdin === "piped" ? this.#child.stdin.getWriter() : null;
  }

  /**
   * Waits for a line that the example prints.
   *
   * @returns The line, without its end.
   * @throws {Error} If the example ends before; the message tells what it printed to standard error.
   */
  async nextLine(): Promise<string> {
    while (!this.#printed.includes("\n")) {
      const { done, value } = await this.#stdout.read();
      if (done) {
        throw new Error(
          `Expected a line: received the end of the program: ${await this
            .#stderr}`,
        );
      }
      this.#printed += value;
    }
    const length = this.#printed.indexOf("\n");
    const line = this.#printed.slice(0, length);
    this.#printed = this.#printed.slice(length + 1);
    return line.replace(/\r$/, "");
  }

  /**
   * Types something.
   *
   * @param text What.
   */
  async type(text: string): Promise<void> {
    await this.#stdin?.write(new TextEncoder().encode(text));
  }

  /** Ends its standard input. */
  async endInput(): Promise<void> {
    await this.#stdin?.close();
  }

  /** Presses Ctrl-C. Not on Windows. */
  interrupt(): void {
    this.signal("SIGINT");
  }

  /**
   * Sends a signal. Not on Windows.
   *
   * @param signal Which.
   */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /**
   * Waits for the end.
   *
   * @returns How it was.
   */
  async end(): Promise<ExampleEnd> {
    while (true) {
      const { done, value } = await this.#stdout.read();
      if (done) break;
      this.#printed += value;
    }
    const { code } = await this.#child.status;
    const stdout = this.#printed.replaceAll("\r\n", "\n");
    return { code, stdout, stderr: await this.#stderr };
  }

  /** Ends the program, if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#stdin?.abort();
    await this.end();
  }
}

/**
 * Runs an example to its end.
 *
 * @param name The name of its file in `examples/`.
 * @param flags What `deno run` is given.
 * @param args The arguments of the program.
 * @returns How it ended.
 */
export async function runExample(
  name: string,
  flags: readonly string[] = [],
  args: readonly string[] = [],
): Promise<ExampleEnd> {
  await using example = new Example(name, flags, args);
  return await example.end();
}

/** The permission to use the network of this machine, and no other. */
export const LOOPBACK: readonly string[] = ["--allow-net=127.0.0.1"];

/**
 * The port in the line by which a server says where it serves.
 *
 * @param line The line.
 * @returns The port.
 * @throws {Error} If there is none.
 */
export function portOf(line: string): string {
  const port = /:(\d+)\/?$/.exec(line)?.[1];
  if (port !== undefined) return port;
  throw new Error(`Expected a line with a port: received ${line}`);
}

/**
 * Stops a server by Ctrl-C, where there is such a thing, and expects it to end as interrupted.
 *
 * @param server The server.
 */
export async function stopServer(server: Example): Promise<void> {
  if (Deno.build.os === "windows") return;
  server.interrupt();
  const { code, stderr } = await server.end();
  if (
    code === 130 && stderr === "KeyboardInterrupt: Interrupted by SIGINT\n"
  ) return;
  throw new Error(`Expected a quiet end: received ${code} ${stderr}`);
}
