// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { findPython, type Python } from "../peers/python.ts";
import { generate, type Omitted } from "./generator.ts";
import { interpret, STYLE_NAMES } from "./interpreter.ts";
import type { Op, Program } from "./program.ts";
import { interpretByPython } from "./reference.ts";
import { smallerPrograms } from "./shrink.ts";

/** How many programs Python runs at a time. */
const BATCH = 1_000;

const PROGRAMS = Number(Deno.env.get("ASYNCIO_PROGRAMS") ?? 500);

/** Features that a version of asyncio added, or gave their present rules. */
const NEWER: [version: string, ops: Op[]][] = [
  ["3.13", [
    "shutdown",
    "uncancel",
    "group",
    "spawnInGroup",
    "waitCondition",
    "waitConditionFor",
    "barrier",
  ]],
  ["3.12", [
    // A waiter that is cancelled while several permits are free wakes as many of the others.
    "releaseSemaphore",
    "waitFor",
    "waitForFuture",
    "waitForTask",
    "shield",
    "wait",
    "asCompleted",
    "timeout",
    "reschedule",
    "gather",
    "cancelGather",
  ]],
];
/** The oldest asyncio that can be compared with. */
const OLDEST = "3.11";

const python = await findPython();
const seed = Number(
  Deno.env.get("ASYNCIO_SEED") ?? Math.floor(Math.random() * 2 ** 31),
);

Deno.test({
  name: "A random program runs as in asyncio, step by step",
  ignore: python === null || isOlder(python.version, OLDEST),
  fn: async () => {
    console.log(
      `${PROGRAMS} programs from ASYNCIO_SEED=${seed}, Python ${
        python!.version
      }`,
    );
    for (let first = 0; first < PROGRAMS; first += BATCH) {
      const count = Math.min(BATCH, PROGRAMS - first);
      const programs = generateAll(first, count, omittedFor(python!));
      const differing = await firstDifference(python!, programs);
      if (differing === null) continue;
      const program = await shrink(python!, programs[differing]!);
      const programSeed = seed + first + differing;
      assert(false, await explain(python!, programSeed, program));
    }
  },
});

Deno.test("A random program runs the same however it awaits", async () => {
  console.log(`ASYNCIO_SEED=${seed}`);
  const count = Math.ceil(PROGRAMS / 5);
  for (const program of generateAll(0, count, new Set())) {
    const expected = await interpret(program, "plain");
    for (const style of STYLE_NAMES) {
      assertEquals(
        await interpret(program, style),
        expected,
        `${style}: ${JSON.stringify(program)}`,
      );
    }
  }
});

function generateAll(
  first: number,
  count: number,
  omitted: Omitted,
): Program[] {
  return Array.from(
    { length: count },
    (_, i) => generate(seed + first + i, omitted),
  );
}

/** The place of the first program whose traces differ, or `null`. */
async function firstDifference(
  python: Python,
  programs: readonly Program[],
): Promise<number | null> {
  const expected = await interpretByPython(python, programs);
  for (const [i, program] of programs.entries()) {
    const trace = await interpret(program);
    if (trace.join("\n") !== expected[i]!.join("\n")) return i;
  }
  return null;
}

/** Shrinks a program whose traces differ. */
async function shrink(python: Python, program: Program): Promise<Program> {
  while (true) {
    const smaller = smallerPrograms(program);
    const differing = await firstDifference(python, smaller);
    if (differing === null) return program;
    program = smaller[differing]!;
  }
}

async function explain(
  python: Python,
  seed: number,
  program: Program,
): Promise<string> {
  const [expected] = await interpretByPython(python, [program]);
  return [
    `The traces differ: ASYNCIO_PROGRAMS=1 ASYNCIO_SEED=${seed}`,
    "The program, as small as it still differs:",
    JSON.stringify(program, null, 1),
    "asyncio's trace:",
    ...expected!,
    "",
    "Ours:",
    ...await interpret(program),
  ].join("\n");
}

function omittedFor(python: Python): Omitted {
  return new Set(
    NEWER.filter(([version]) => isOlder(python.version, version))
      .flatMap(([_, ops]) => ops),
  );
}

function isOlder(version: string, other: string): boolean {
  return version.localeCompare(other, "en", { numeric: true }) < 0;
}
