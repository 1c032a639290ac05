// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * What a sleeping task takes in memory, side by side with Python's asyncio.
 *
 * ```sh
 * deno run -A --v8-flags=--expose-gc bench/memory.ts
 * ```
 *
 * @module
 */

import { createTask, gather, run, sleep } from "../mod.ts";
import { report } from "./report.ts";
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

async function measurePython(): Promise<number | null> {
  const python = await findPython();
  if (python === null) return null;
  const [program, ...args] = python.command;
  const path = new URL("./python/memory.py", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(program!, {
    args: [...args, path, String(TASKS)],
    stderr: "inherit",
  }).output();
  return Number(new TextDecoder().decode(stdout));
}

/** Measures and prints. */
export async function main(): Promise<void> {
  console.log(`\nMemory of a sleeping task, of ${TASKS}`);
  const ours = await measureOurs();
  console.log(`  ours    ${ours.toFixed(0)} bytes`);
  const python = await measurePython();
  console.log(`  asyncio ${python?.toFixed(0) ?? "-"} bytes`);
  if (python === null) return;
  report({
    title: "Memory",
    name: "a sleeping task",
    unit: "bytes",
    ours: [ours],
    peer: "asyncio",
    theirs: [python],
  });
}

if (import.meta.main) await main();
