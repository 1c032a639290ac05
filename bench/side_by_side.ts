// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Measures cases of this library and of asyncio in turn, round by round, in one run.
 *
 * @module
 */

import { median, report, roundsOf } from "./report.ts";
import { TextLineStream } from "./text_line_stream.ts";
import { findPython, type Python } from "../tests/peers/python.ts";

/** Something that both do. */
export interface Case {
  /** The name, here and in the Python script. */
  name: string;
  /** How many times as fast as asyncio it is to be. */
  goal: number;
  /** Does it once; the result is the time of one operation, in nanoseconds. */
  measure(): Promise<number>;
}

/** The result. */
export interface Comparison {
  /** The case. */
  name: string;
  /** Our median, in nanoseconds. */
  ours: number;
  /** Python's median, in nanoseconds; `null` where there is no Python. */
  python: number | null;
  /** The median of the ratios of the rounds, Python's time by ours. */
  ratio: number | null;
  /** The least and the greatest of those ratios. */
  spread: [number, number] | null;
  /** The aim for the ratio. */
  goal: number;
  /** The same with uvloop: its median and the ratios'; `null` where it cannot be imported. */
  uvloop: { median: number; ratio: number } | null;
}

/**
 * Measures cases and prints a table.
 *
 * @param title What the table is about.
 * @param script The file in `bench/python/` that has the cases.
 * @param cases The cases.
 * @param rounds How often each is measured; a round more comes first, to warm up.
 * @returns The result.
 */
export async function sideBySide(
  title: string,
  script: string,
  cases: readonly Case[],
  rounds: number = roundsOf(7),
): Promise<Comparison[]> {
  await using python = await PythonPeer.start(script);
  await using uvloop = await PythonPeer.start(script, "uvloop");
  console.log(`\n${title}: ${python?.version ?? "no Python on this machine"}`);
  const columns = ["", "ours", "asyncio", "ratio", "spread", "goal"];
  console.log(row(uvloop ? [...columns, "uvloop", "ratio"] : columns));
  const comparisons = [];
  for (const each of cases) {
    const comparison = await compare(title, each, python, uvloop, rounds);
    console.log(row(cells(comparison)));
    comparisons.push(comparison);
  }
  return comparisons;
}

async function compare(
  title: string,
  { name, goal, measure }: Case,
  python: PythonPeer | null,
  uvloop: PythonPeer | null,
  rounds: number,
): Promise<Comparison> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const uvloops: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const us = await measure();
    const them = await python?.measure(name);
    const uv = await uvloop?.measure(name);
    if (round === 0) continue;
    ours.push(us);
    if (them !== undefined) theirs.push(them);
    if (uv !== undefined) uvloops.push(uv);
  }
  const result = { title, name, unit: "ns", ours } as const;
  if (python) report({ ...result, peer: "asyncio", theirs });
  if (uvloop) report({ ...result, peer: "uvloop", theirs: uvloops });
  const ratios = theirs.map((them, i) => them / ours[i]!).sort((a, b) => a - b);
  return {
    name,
    ours: median(ours),
    python: theirs.length === 0 ? null : median(theirs),
    ratio: ratios.length === 0 ? null : median(ratios),
    spread: ratios.length === 0 ? null : [ratios[0]!, ratios.at(-1)!],
    goal,
    uvloop: uvloops.length === 0 ? null : {
      median: median(uvloops),
      ratio: median(uvloops.map((them, i) => them / ours[i]!)),
    },
  };
}

/** A Python event loop. */
export type Loop = "asyncio" | "uvloop";

/** Whether that Python has the event loop. */
export async function canImport(
  { command }: Python,
  loop: Loop,
): Promise<boolean> {
  const [program, ...args] = command;
  const { success } = await new Deno.Command(program!, {
    args: [...args, "-c", `import ${loop}`],
    stderr: "null",
  }).output();
  return success;
}

/** A Python process that measures a case when it is told its name. */
export class PythonPeer implements AsyncDisposable {
  readonly version: string;
  readonly #process: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;

  private constructor(version: string, process: Deno.ChildProcess) {
    this.version = `asyncio of Python ${version}`;
    this.#process = process;
    this.#requests = process.stdin.getWriter();
    this.#answers = process.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
  }

  static async start(
    script: string,
    loop: Loop = "asyncio",
  ): Promise<PythonPeer | null> {
    const python = await findPython();
    if (python === null || !await canImport(python, loop)) return null;
    const [program, ...args] = python.command;
    const path = new URL(`./python/${script}`, import.meta.url).pathname;
    const process = new Deno.Command(program!, {
      args: [...args, path],
      env: { ASYNCIO_BENCH_LOOP: loop },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    return new PythonPeer(python.version, process);
  }

  async measure(name: string): Promise<number> {
    await this.#requests.write(new TextEncoder().encode(`${name}\n`));
    const { value } = await this.#answers.read();
    const figure = Number(value);
    if (!(figure > 0)) throw new Error(`Python has no case ${name}: ${value}`);
    return figure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close();
    await this.#answers.cancel();
    await this.#process.status;
  }
}

function cells(
  { name, ours, python, ratio, spread, goal, uvloop }: Comparison,
): string[] {
  return [
    name,
    `${ours.toFixed(0)} ns`,
    python === null ? "-" : `${python.toFixed(0)} ns`,
    ratio === null ? "-" : `${ratio.toFixed(1)}x`,
    spread === null ? "-" : `${spread[0].toFixed(1)}-${spread[1].toFixed(1)}`,
    `${goal}x`,
    ...(uvloop === null
      ? []
      : [`${uvloop.median.toFixed(0)} ns`, `${uvloop.ratio.toFixed(1)}x`]),
  ];
}

/**
 * A row of a table.
 *
 * @param cells What it is about, and the figures.
 * @param width How wide the column of a figure is.
 * @returns The row.
 */
export function row(
  [name, ...figures]: readonly string[],
  width = 11,
): string {
  return name!.padEnd(35) +
    figures.map((each) => each.padStart(width)).join("");
}
