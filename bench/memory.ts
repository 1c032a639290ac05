// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Measures the memory of a sleeping task, alongside Python's asyncio: on the heap, and at the peak of resident
 * memory of a fresh process, garbage included.
 *
 * ```sh
 * deno run -A --v8-flags=--expose-gc bench/memory.ts
 * ```
 *
 * @module
 */

import { createTask, gather, run, sleep } from "../mod.ts";
import { median, report, roundsOf } from "./report.ts";
import { row } from "./side_by_side.ts";
import { findPython } from "../tests/peers/python.ts";

const TASKS = 100_000;

/** The bytes that a sleeping task takes. */
async function measureOurs(): Promise<number> {
  return await run(async () => {
    const before = await usedHeap();
    const tasks = Array.from(
      { length: TASKS },
      () => createTask(async () => await sleep(3600)),
    );
    await sleep(0.1);
    const after = await usedHeap();
    for (const task of tasks) task.cancel();
    await gather(tasks, { returnExceptions: true });
    return (after - before) / TASKS;
  });
}

async function usedHeap(): Promise<number> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Run with --v8-flags=--expose-gc");
  gc();
  await sleep(0.05);
  gc();
  return Deno.memoryUsage().heapUsed;
}

/** The bytes of resident memory that a sleeping task takes, and those at the peak: of a fresh process. */
interface Resident {
  now: number;
  peak: number;
}

/** How much a task is to take at the peak. */
const GOAL = 1950;

async function measureFresh(command: string[]): Promise<Resident> {
  const [program, ...args] = command;
  const { stdout } = await new Deno.Command(program!, {
    args: [...args, String(TASKS)],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

function ourCommand(): string[] {
  const program = new URL("./memory/sleepers.ts", import.meta.url).href;
  return [Deno.execPath(), "run", "-A", program];
}

async function pythonCommand(): Promise<string[] | null> {
  const python = await findPython();
  if (python === null) return null;
  const path = new URL("./python/memory.py", import.meta.url).pathname;
  return [...python.command, path];
}

/** Measures and prints. */
export async function main(): Promise<void> {
  console.log(`\nMemory of a sleeping task, of ${TASKS}, in bytes`);
  const live = await measureOurs();
  console.log(row(["live heap", live.toFixed(0)]));
  if (Deno.build.os !== "linux") return;
  const rounds = roundsOf(5);
  const ours: Resident[] = [];
  const theirs: Resident[] = [];
  const python = await pythonCommand();
  for (let round = 0; round < rounds; round++) {
    ours.push(await measureFresh(ourCommand()));
    if (python !== null) theirs.push(await measureFresh(python));
  }
  console.log(row(["resident memory", "ours", "asyncio", "goal"]));
  for (const kind of ["now", "peak"] as const) {
    const us = ours.map((each) => each[kind]);
    const them = theirs.map((each) => each[kind]);
    const name = kind === "now" ? "while all sleep" : "at the peak";
    console.log(row([
      `  ${name}`,
      median(us).toFixed(0),
      python === null ? "-" : median(them).toFixed(0),
      kind === "peak" ? GOAL.toFixed(0) : "-",
    ]));
    if (python === null) continue;
    report({
      title: "Memory of a sleeping task",
      name,
      unit: "bytes",
      ours: us,
      peer: "asyncio",
      theirs: them,
    });
  }
}

if (import.meta.main) await main();
