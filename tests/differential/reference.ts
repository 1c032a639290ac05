// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Python } from "../peers/python.ts";
import type { Program } from "./program.ts";

/**
 * Runs programs with asyncio, all in one process.
 *
 * @param python The interpreter.
 * @param programs The programs.
 * @returns Their traces.
 */
export async function interpretByPython(
  python: Python,
  programs: readonly Program[],
): Promise<string[][]> {
  const [program, ...args] = python.command;
  const child = new Deno.Command(program!, {
    args: [...args, `${import.meta.dirname}/interpreter.py`],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = programs.map((each) => `${JSON.stringify(each)}\n`).join("");
  const [{ success, stdout, stderr }] = await Promise.all([
    child.output(),
    new Blob([input]).stream().pipeTo(child.stdin),
  ]);
  if (!success) {
    throw new Error(
      `The reference interpreter failed: ${new TextDecoder().decode(stderr)}`,
    );
  }
  return new TextDecoder().decode(stdout).trimEnd().split("\n")
    .map((line) => JSON.parse(line));
}
