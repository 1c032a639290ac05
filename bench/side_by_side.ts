// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Measures cases of this library and of Python's asyncio in turn, round by round, in one run.
 *
 * @module
 */

import { TextLineStream } from "./text_line_stream.ts";
import { findPython } from "../tests/peers/python.ts";

/** Something that both do. */
export interface Case {
  /** What it is called, here and in the Python script. */
  name: string;
  /** How many times as fast as asyncio it is to be. */
  goal: number;
  /** Does it once; the result is the time of one operation, in nanoseconds. */
  measure(): Promise<number>;
}

/** What came out. */
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
  /** What the ratio is to be. */
  goal: number;
}

/**
 * Measures cases and prints a table.
 *
 * @param title What the table is about.
 * @param script The file in `bench/python/` that has the cases.
 * @param cases The cases.
 * @param rounds How often each is measured; a round more comes first, to warm up.
 * @returns What came out.
 */
export async function sideBySide(
  title: string,
  script: string,
  cases: readonly Case[],
  rounds = 7,
): Promise<Comparison[]> {
  await using python = await PythonPeer.start(script);
  console.log(`\n${title}: ${python?.version ?? "no Python on this machine"}`);
  console.log(row(["", "ours", "asyncio", "ratio", "spread", "goal"]));
  const comparisons = [];
  for (const each of cases) {
    const comparison = await compare(each, python, rounds);
    console.log(row(cells(comparison)));
    comparisons.push(comparison);
  }
  return comparisons;
}

async function compare(
  { name, goal, measure }: Case,
  python: PythonPeer | null,
  rounds: number,
): Promise<Comparison> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const us = await measure();
    const them = await python?.measure(name);
    if (round === 0) continue;
    ours.push(us);
    if (them !== undefined) theirs.push(them);
  }
  const ratios = theirs.map((them, i) => them / ours[i]!).sort((a, b) => a - b);
  return {
    name,
    ours: median(ours),
    python: theirs.length === 0 ? null : median(theirs),
    ratio: ratios.length === 0 ? null : median(ratios),
    spread: ratios.length === 0 ? null : [ratios[0]!, ratios.at(-1)!],
    goal,
  };
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

  static async start(script: string): Promise<PythonPeer | null> {
    const python = await findPython();
    if (python === null) return null;
    const [program, ...args] = python.command;
    const path = new URL(`./python/${script}`, import.meta.url).pathname;
    const process = new Deno.Command(program!, {
      args: [...args, path],
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

/** The median of some figures. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function cells({ name, ours, python, ratio, spread, goal }: Comparison) {
  return [
    name,
    `${ours.toFixed(0)} ns`,
    python === null ? "-" : `${python.toFixed(0)} ns`,
    ratio === null ? "-" : `${ratio.toFixed(1)}x`,
    spread === null ? "-" : `${spread[0].toFixed(1)}-${spread[1].toFixed(1)}`,
    `${goal}x`,
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
