// Copyright 2026 the asyncio for Deno authors. MIT license.

/** How a program ended. */
export interface ProgramOutput {
  /** Its exit code. */
  code: number;
  /** Its output. */
  stdout: string;
  /** Its output to standard error, without colours. */
  stderr: string;
}

/** The options of {@linkcode runProgram}. */
export interface ProgramOptions {
  /** Flags for V8. */
  v8Flags?: string;
  /** Its standard input; empty by default, and never the terminal. */
  input?: string;
  /** Called each time the program has printed; gets all that it printed so far. */
  onOutput?: (stdout: string, child: Deno.ChildProcess) => void;
}

/**
 * Runs a program in a process of its own. It can import the library as `asyncio`.
 *
 * @param source The program.
 * @param options Flags, and what happens while it runs.
 * @returns How it ended.
 */
export async function runProgram(
  source: string,
  options: ProgramOptions = {},
): Promise<ProgramOutput> {
  const library = new URL("../../mod.ts", import.meta.url).href;
  const args = ["eval", "--ext=ts"];
  if (options.v8Flags !== undefined) args.push(`--v8-flags=${options.v8Flags}`);
  args.push(source.replaceAll('"asyncio"', JSON.stringify(library)));
  const child = new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [stdout, stderr, { code }] = await Promise.all([
    collect(child.stdout, (text) => options.onOutput?.(text, child)),
    collect(child.stderr),
    child.status,
    options.input === undefined
      ? null
      : new Blob([options.input]).stream().pipeTo(child.stdin),
  ]);
  return { code, stdout, stderr };
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onText?: (text: string) => void,
): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    onText?.(text);
  }
  return text;
}
