// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert } from "@std/assert";

/**
 * Runs a script of Python's, which reads JSON from standard input and answers in the same way.
 *
 * @param command What runs Python.
 * @param script Where the script is.
 * @param question What it reads.
 * @returns What it answers.
 */
export async function askPython(
  command: readonly string[],
  script: URL,
  question: unknown,
): Promise<unknown> {
  const [program, ...args] = command;
  const process = new Deno.Command(program!, {
    args: [...args, "-c", await Deno.readTextFile(script)],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(question)));
  await writer.close();
  const { success, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}
