// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * All benchmarks: `deno task bench`, or those that are named: `deno task bench tasks echo`.
 *
 * Figures of different runs do not compare: a machine is never twice as busy in the same way. What
 * compares is what was measured in turn in one run, so the tables give the ratio of each round's
 * figures, its median and its spread. Each benchmark has a process of its own: what one loads or leaves
 * on the heap slows down the next.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { findPython } from "../tests/peers/python.ts";
import { judge, judgeMean, QUICK, type Result, RESULTS } from "./report.ts";
import { pythonWith } from "./side_by_side.ts";

const ALL = [
  "startup",
  "tasks",
  "primitives",
  "peers",
  "memory",
  "fairness",
  "echo",
  "connections",
  "tls",
  "http",
  "subprocess",
  "executors",
  "durable",
];

const USAGE = `Usage: deno task bench [name ...] [options]

  name         ${ALL.join(", ")}; all of them by default
  --quick      few rounds: to see that it works, not how fast it is
  --json path  where the figures go; bench/results/, by the time, by default
  --svg path   where the chart goes; beside the figures by default`;

/** Parses the arguments; ends the program if they are invalid. */
function optionsOf(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        json: { type: "string" },
        svg: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      Deno.exit(0);
    }
    for (const name of positionals) {
      if (ALL.includes(name)) continue;
      throw new RangeError(
        `Expected one of ${ALL.join(", ")}: received ${name}`,
      );
    }
    return { ...values, names: positionals.length > 0 ? positionals : ALL };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    Deno.exit(2);
  }
}

/** Runs a benchmark; its results are added to the file. Returns whether it came to its end. */
async function measure(
  name: string,
  file: string,
  quick: boolean,
): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--v8-flags=--expose-gc",
      new URL(`./${name}.ts`, import.meta.url).href,
    ],
    env: { [RESULTS]: file, ...(quick ? { [QUICK]: "1" } : {}) },
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  return success;
}

/** Returns the report: the results, the versions and the machine. */
async function reportOf(file: string, quick: boolean) {
  const lines = (await Deno.readTextFile(file)).split("\n").filter(Boolean);
  const python = await findPython();
  const uvloop = await pythonWith("uvloop");
  return {
    date: new Date().toISOString(),
    quick,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    python: python?.version ?? null,
    uvloop: uvloop && `in Python ${uvloop.version}`,
    system: `${Deno.build.os} ${Deno.build.arch}`,
    processors: navigator.hardwareConcurrency,
    results: lines.map((line) => judge(JSON.parse(line))),
  };
}

/** A report, as JSON. */
export type Report = Awaited<ReturnType<typeof reportOf>>;

/** The tables of `tasks` and `primitives` that have a mean together, and what that is to be. */
const MEANS = [
  {
    name: "tasks, queues and synchronisation",
    titles: ["Tasks", "Queues and synchronisation"],
    goals: { asyncio: 4.8, uvloop: 3.3 },
  },
  {
    name: "the same and what does not wait",
    titles: ["Tasks", "Queues and synchronisation", "Without waiting"],
    goals: null,
  },
];

/** Prints the geometric means over several tables, where all of them were measured. */
function printMeans(results: readonly Result[]): void {
  for (const { name, titles, goals } of MEANS) {
    for (const peer of ["asyncio", "uvloop"] as const) {
      const those = results.filter((each) =>
        each.peer === peer && titles.includes(each.title)
      );
      if (new Set(those.map(({ title }) => title)).size < titles.length) return;
      const { ratio, spread: [low, high] } = judgeMean(those);
      const goal = goals === null ? "" : `; goal ${goals[peer]}x`;
      console.log(
        `Geometric mean over ${name} (${those.length} cases): ` +
          `${ratio.toFixed(2)}x ${peer}, ` +
          `${low.toFixed(2)}-${high.toFixed(2)} by round${goal}`,
      );
    }
  }
}

/** The chart is drawn by a process of its own: who measures need not have what draws. */
async function draw(json: string, svg: string): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("./chart.ts", import.meta.url).href, json, svg],
    stdout: "null",
    stderr: "inherit",
  }).output();
  console.log(success ? `The chart is in ${svg}` : "There is no chart");
}

async function main(): Promise<void> {
  const { names, quick, json, svg } = optionsOf(Deno.args);
  const results = await Deno.makeTempFile();
  try {
    for (const name of names) {
      if (!await measure(name, results, quick)) Deno.exitCode = 1;
    }
    const report = await reportOf(results, quick);
    printMeans(report.results);
    const path = json ?? await ordinaryPath(report.date);
    await Deno.writeTextFile(path, JSON.stringify(report, null, 2) + "\n");
    console.log(`\nThe figures are in ${path}`);
    await draw(path, svg ?? path.replace(/(\.json)?$/, ".svg"));
  } finally {
    await Deno.remove(results);
  }
}

async function ordinaryPath(date: string): Promise<string> {
  const folder = new URL("./results/", import.meta.url);
  await Deno.mkdir(folder, { recursive: true });
  return `${import.meta.dirname}/results/${date.replaceAll(":", "-")}.json`;
}

if (import.meta.main) await main();
