// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Python } from "../peers/python.ts";
import { runPython } from "../peers/run_python.ts";
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
  const script = new URL("interpreter.py", import.meta.url);
  const input = programs.map((each) => `${JSON.stringify(each)}\n`).join("");
  const output = await runPython(python, script, [], input);
  return output.split("\n").map((line) => JSON.parse(line));
}
