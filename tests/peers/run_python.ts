// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { Python } from "./python.ts";

/** A program in Python that runs. */
export interface PythonProgram {
  readonly child: Deno.ChildProcess;
  /** Its output from the second line on. */
  readonly output: ReadableStreamDefaultReader<Uint8Array>;
  /** The first line, by which it says that it is ready. */
  readonly line: string;
  /** Ends its standard input, and waits until the program has ended, which has to be well. */
  end(): Promise<void>;
}

/**
 * Runs a program in Python, which has to end well.
 *
 * @param python What runs it.
 * @param source The program, or where its file is.
 * @param args Its arguments.
 * @param input What it reads from standard input.
 * @returns What it printed, without the end of the last line.
 */
export async function runPython(
  python: Python,
  source: string | URL,
  args: readonly (string | number)[] = [],
  input = "",
): Promise<string> {
  const child = spawn(python, source, args, "piped");
  const [{ success, stdout, stderr }] = await Promise.all([
    child.output(),
    new Blob([input]).stream().pipeTo(child.stdin),
  ]);
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout).replaceAll("\r\n", "\n").trimEnd();
}

/**
 * Starts a program in Python, and waits until it is ready.
 *
 * @param python What runs it.
 * @param source The program.
 * @param args Its arguments.
 * @returns The program.
 */
export async function startPython(
  python: Python,
  source: string,
  args: readonly (string | number)[] = [],
): Promise<PythonProgram> {
  const child = spawn(python, source, args, "inherit");
  const output = child.stdout.getReader();
  const { value } = await output.read();
  return {
    child,
    output,
    line: new TextDecoder().decode(value).trimEnd(),
    async end() {
      await child.stdin.close();
      await output.cancel();
      assertEquals((await child.status).code, 0);
    },
  };
}

function spawn(
  python: Python,
  source: string | URL,
  args: readonly (string | number)[],
  stderr: "piped" | "inherit",
): Deno.ChildProcess {
  const [program, ...words] = python.command;
  const script = source instanceof URL
    ? [fileURLToPath(source)]
    : ["-c", source];
  return new Deno.Command(program!, {
    args: [...words, ...script, ...args.map(String)],
    stdin: "piped",
    stdout: "piped",
    stderr,
  }).spawn();
}
