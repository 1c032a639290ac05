// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Measures cases of this library, of asyncio, of uvloop and of the minimum in turn, round by round, in one run.
 *
 * @module
 */

import { run } from "../mod.ts";
import {
  type Comparable,
  judge,
  judgeMean,
  median,
  MINIMUM,
  report,
  type Result,
  roundsOf,
} from "./report.ts";
import { TextLineStream } from "./text_line_stream.ts";
import { findPython, type Python } from "../tests/peers/python.ts";

/** Work that all of them do. */
export interface Case {
  /** The name, here and in the Python script. */
  name: string;
  /** The number of operations of a body; the time of one counts. */
  operations: number;
  /** Does them with this library; called in a loop of its own. */
  body(): Promise<unknown>;
  /** Does them in the least JavaScript. */
  minimum(): Promise<unknown>;
  /** The aim for the ratio to asyncio. */
  goal?: number;
  /** The aim for the ratio to uvloop. */
  uvloopGoal?: number;
}

/** The results of a case, in nanoseconds. */
export interface Comparison {
  /** The case. */
  name: string;
  /** The median of this library. */
  ours: number;
  /** The least JavaScript. */
  minimum: Result;
  /** Python's asyncio; `null` where there is no Python. */
  asyncio: Result | null;
  /** uvloop; `null` where it cannot be imported. */
  uvloop: Result | null;
}

/** The number of repetitions in a round; the least time counts, on all sides. */
const REPETITIONS = 3;

async function least(
  { operations }: Case,
  body: () => Promise<unknown>,
): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < REPETITIONS; i++) {
    const start = performance.now();
    await body();
    least = Math.min(least, performance.now() - start);
  }
  return least * 1e6 / operations;
}

/**
 * Measures cases and prints a table.
 *
 * @param title The title of the table.
 * @param script The file in `bench/python/` that has the cases.
 * @param cases The cases.
 * @param rounds How often each is measured; a round more comes first, to warm up.
 * @returns The results.
 */
export async function sideBySide(
  title: string,
  script: string,
  cases: readonly Case[],
  rounds: number = roundsOf(7),
): Promise<Comparison[]> {
  await using python = await PythonPeer.start(script);
  await using uvloop = await PythonPeer.start(script, "uvloop");
  const versions = [python, uvloop].filter((peer) => peer !== null)
    .map((peer) => peer.version);
  console.log(
    `\n${title}, in nanoseconds: ${
      versions.join(", ") || "no Python on this machine"
    }`,
  );
  const columns = ["", "ours", "minimum", "ours/min"];
  if (python) columns.push("asyncio", "ratio", "spread", "goal");
  if (uvloop) columns.push("uvloop", "ratio", "spread", "goal");
  console.log(row(columns, WIDTH));
  const comparisons = [];
  for (const each of cases) {
    const comparison = await compare(title, each, python, uvloop, rounds);
    console.log(row(cells(each, comparison), WIDTH));
    comparisons.push(comparison);
  }
  console.log(row(means(comparisons), WIDTH));
  return comparisons;
}

const WIDTH = 10;

async function compare(
  title: string,
  each: Case,
  python: PythonPeer | null,
  uvloop: PythonPeer | null,
  rounds: number,
): Promise<Comparison> {
  const { name } = each;
  const ours: number[] = [];
  const figures = {
    minimum: [] as number[],
    asyncio: [] as number[],
    uvloop: [] as number[],
  };
  for (let round = 0; round <= rounds; round++) {
    const us = await run(() => least(each, each.body));
    const minimum = await least(each, each.minimum);
    const them = await python?.measure(name);
    const uv = await uvloop?.measure(name);
    if (round === 0) continue;
    ours.push(us);
    figures.minimum.push(minimum);
    if (them !== undefined) figures.asyncio.push(them);
    if (uv !== undefined) figures.uvloop.push(uv);
  }
  const against = (peer: string, theirs: number[]): Result => {
    const result: Result = { title, name, unit: "ns", ours, peer, theirs };
    report(result);
    return result;
  };
  return {
    name,
    ours: median(ours),
    minimum: against(MINIMUM, figures.minimum),
    asyncio: python && against("asyncio", figures.asyncio),
    uvloop: uvloop && against("uvloop", figures.uvloop),
  };
}

/** A Python event loop. */
export type Loop = "asyncio" | "uvloop";

/** The environment variable that names an interpreter with uvloop, if that is another one. */
export const UVLOOP_PYTHON = "ASYNCIO_UVLOOP_PYTHON";

/**
 * Finds an interpreter that has an event loop.
 *
 * @param loop The loop.
 * @returns The one that `ASYNCIO_UVLOOP_PYTHON` names, for uvloop, otherwise the one of all benchmarks; `null` if it
 * does not have the loop.
 * @throws {Error} If `ASYNCIO_UVLOOP_PYTHON` is set to what cannot import uvloop.
 */
export async function pythonWith(loop: Loop): Promise<Python | null> {
  const isChosen = loop === "uvloop" && Boolean(Deno.env.get(UVLOOP_PYTHON));
  const python =
    await (isChosen ? findPython([], UVLOOP_PYTHON) : findPython());
  if (python === null || await canImport(python, loop)) return python;
  if (!isChosen) return null;
  throw new Error(
    `${UVLOOP_PYTHON} must name an interpreter that can import uvloop, but it is "${
      Deno.env.get(UVLOOP_PYTHON)
    }"`,
  );
}

async function canImport({ command }: Python, loop: Loop): Promise<boolean> {
  const [program, ...args] = command;
  const { success } = await new Deno.Command(program!, {
    args: [...args, "-c", `import ${loop}`],
    stdin: "null",
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
    this.version = version;
    this.#process = process;
    this.#requests = process.stdin.getWriter();
    this.#answers = process.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
  }

  static async start(
    script: string,
    loop: Loop = "asyncio",
  ): Promise<PythonPeer | null> {
    const python = await pythonWith(loop);
    if (python === null) return null;
    const [program, ...args] = python.command;
    const path = new URL(`./python/${script}`, import.meta.url).pathname;
    const process = new Deno.Command(program!, {
      args: [...args, path],
      env: { ASYNCIO_BENCH_LOOP: loop },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    return new PythonPeer(`${loop} of Python ${python.version}`, process);
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
  { goal, uvloopGoal }: Case,
  { name, ours, minimum, asyncio, uvloop }: Comparison,
): string[] {
  const floor = judge(minimum);
  return [
    name,
    ours.toFixed(0),
    floor.medians.theirs.toFixed(0),
    `${(1 / floor.ratio).toFixed(1)}x`,
    ...against(asyncio, goal),
    ...against(uvloop, uvloopGoal),
  ];
}

function against(result: Result | null, goal: number | undefined): string[] {
  if (result === null) return [];
  const judgement = judge(result);
  return [
    judgement.medians.theirs.toFixed(0),
    ...ratios(judgement),
    goal === undefined ? "-" : `${goal}x`,
  ];
}

function ratios({ ratio, spread: [low, high] }: Comparable): string[] {
  return [`${ratio.toFixed(2)}x`, `${low.toFixed(1)}-${high.toFixed(1)}`];
}

function means(comparisons: readonly Comparison[]): string[] {
  const floor = judgeMean(comparisons.map(({ minimum }) => minimum));
  const cells = ["geometric mean", "", "", `${(1 / floor.ratio).toFixed(1)}x`];
  for (const peer of ["asyncio", "uvloop"] as const) {
    const results = comparisons.map((each) => each[peer])
      .filter((result) => result !== null);
    if (results.length > 0) cells.push("", ...ratios(judgeMean(results)), "");
  }
  return cells;
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
