// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { findPython, type Python } from "../peers/python.ts";
import { runPython } from "../peers/run_python.ts";
import { interpret } from "./interpreter.ts";
import { randomProgram, type Step } from "./program.ts";

/** How many programs are compared; their seeds are random, but for those of a failure. */
const PROGRAMS = Number(Deno.env.get("ASYNCIO_PROGRAMS") ?? 500);
const SEED = Number(
  Deno.env.get("ASYNCIO_SEED") ?? Math.floor(Math.random() * 2 ** 31),
);

/** Finds a Python that has Trio, as Debian's own does with `python3-trio`. */
async function findTrio(): Promise<Python | null> {
  const others = Deno.build.os === "windows" ? [] : ["/usr/bin/python3"];
  for (
    const python of [
      await findPython(),
      ...await Promise.all(
        others.map((each) => findPython([each])),
      ),
    ]
  ) {
    if (python !== null && await hasTrio(python)) return python;
  }
  return null;
}

async function hasTrio(python: Python): Promise<boolean> {
  const [program, ...args] = python.command;
  const { success } = await new Deno.Command(program!, {
    args: [...args, "-c", "import trio; BaseExceptionGroup"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** How often Trio runs a program again that seems to differ. */
const AGAIN = 100;

/** A trace as text; what happened at the same time comes in any order with Trio. */
function sorted(trace: readonly string[]): string {
  const timeOf = (line: string) => Number(line.split(" ", 1)[0]);
  return trace.toSorted((a, b) =>
    timeOf(a) - timeOf(b) || (a < b ? -1 : a > b ? 1 : 0)
  ).join("\n");
}

const trio = await findTrio();
if (trio === null) {
  console.warn(
    "No Python with Trio: its comparison is left out (python3-trio)",
  );
}

Deno.test({
  name: "Scopes, groups, start() and queues behave as in Trio",
  ignore: trio === null,
  async fn() {
    const programs = Array.from(
      { length: PROGRAMS },
      (_, i) => randomProgram(SEED + i),
    );
    const expected = await runByTrio(programs);
    for (const [i, program] of programs.entries()) {
      const trace = sorted(await interpret(program));
      if (trace === sorted(expected[i]!)) continue;
      // Among what is ready at the same time, Trio chooses at random.
      const others = await runByTrio(new Array(AGAIN).fill(program));
      if (others.some((other) => sorted(other) === trace)) continue;
      assertEquals(
        trace.split("\n"),
        sorted(expected[i]!).split("\n"),
        `ASYNCIO_SEED=${SEED + i} ASYNCIO_PROGRAMS=1: ${textOf(program)}`,
      );
    }
  },
});

async function runByTrio(
  programs: readonly (readonly Step[])[],
): Promise<string[][]> {
  const script = new URL("interpreter.py", import.meta.url);
  const input = programs.map((each) => `${JSON.stringify(each)}\n`).join("");
  const output = await runPython(trio!, script, [], input);
  return output.split("\n").map((line) => JSON.parse(line));
}

function textOf(program: readonly Step[]): string {
  return JSON.stringify(program, null, 1);
}
