// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { ExceptionGroup } from "../../loop/mod.ts";
import { run } from "../../tasks/mod.ts";
import { VirtualTimeLoop } from "../../testing/mod.ts";
import { findPython } from "../peers/python.ts";
import { runPython } from "../peers/run_python.ts";

/** Notes what happened. */
export type Log = (text: string) => void;

/**
 * Tests the order of events in a program that is the main task of a loop.
 *
 * @param program The name of the same program in `order.py`.
 * @param expected What CPython 3.13 logs; it is asked again if it is there.
 * @param main The program.
 */
export function testOrder(
  program: string,
  expected: readonly string[],
  main: (log: Log) => Promise<void>,
): void {
  testOf(program, expected, async (log) => {
    await run(() => main(log), { loopFactory: () => new VirtualTimeLoop() });
  });
}

/**
 * Tests the order of events in a program that runs its loop itself.
 *
 * @param program The name of the same program in `order.py`.
 * @param expected What CPython 3.13 logs; it is asked again if it is there.
 * @param main The program.
 */
export function testLoop(
  program: string,
  expected: readonly string[],
  main: (log: Log, loop: VirtualTimeLoop) => Promise<void>,
): void {
  testOf(program, expected, async (log) => {
    const loop = new VirtualTimeLoop();
    await main(log, loop);
    loop.close();
  });
}

function testOf(
  program: string,
  expected: readonly string[],
  play: (log: Log) => Promise<void>,
): void {
  Deno.test(`The order of events is asyncio's: ${program}`, async () => {
    const events: string[] = [];
    await play((text) => events.push(text));
    assertEquals(events, [...expected]);
    const reference = await (logsOfPython ??= askPython());
    if (reference !== null) assertEquals(reference[program], [...expected]);
  });
}

let logsOfPython: Promise<Record<string, string[]> | null> | null = null;

/** Returns the log of each program of `order.py`, or `null` without a Python of the reference version. */
async function askPython(): Promise<Record<string, string[]> | null> {
  const python = await findPython();
  if (python === null) return null;
  const [_, minor] = python.version.split(".").map(Number);
  if (minor! < 13) return null;
  const script = new URL("order.py", import.meta.url);
  return JSON.parse(await runPython(python, script));
}

/** An error in a few words. */
export function say(error: unknown): string {
  if (error instanceof ExceptionGroup) {
    return `ExceptionGroup[${error.exceptions.map(say).join(", ")}]`;
  }
  if (!(error instanceof Error)) return `no Error: ${error}`;
  return `${error.name}(${error.message})`;
}

/** The exceptions of the programs, by their Python names. */
export class ValueError extends Error {
  override name = "ValueError";
}
