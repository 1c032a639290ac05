// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * How long programs take from their start to their end, once everything is cached: an empty one, what the
 * library is built on, its entries, the first program of the README, and the same with other libraries.
 *
 * ```sh
 * deno run -A bench/startup.ts
 * ```
 *
 * @module
 */

import { median, report, roundsOf } from "./report.ts";
import { row } from "./side_by_side.ts";

const ROUNDS = roundsOf(41);

function addressOf(entry: string): string {
  return JSON.stringify(new URL(`../${entry}`, import.meta.url).href);
}

function importing(entry: string): string {
  return `import ${addressOf(entry)};`;
}

const HELLO = "everything, and hello world";

const PROGRAMS: Readonly<Record<string, string>> = {
  "nothing": "",
  "node:async_hooks": 'import "node:async_hooks";',
  "a first setImmediate()": "setImmediate(() => {});",
  "a first setTimeout()": "setTimeout(() => {}, 0);",
  "sync": importing("sync/mod.ts"),
  "tasks": importing("tasks/mod.ts"),
  "streams": importing("streams/mod.ts"),
  "everything": importing("mod.ts"),
  [HELLO]: `import { run, sleep } from ${addressOf("mod.ts")};
await run(async () => {
  await sleep(0);
  console.log("Hello ... World!");
});`,
};

/** The last of them as one file, as `deno bundle` makes it. */
const BUNDLED = "the same, bundled";

/** The same with other libraries, where npm or Deno's cache has them. */
const PEERS: Readonly<Record<string, string>> = {
  "effect": `import { Effect } from "npm:effect@^4";
await Effect.runPromise(Effect.gen(function* () {
  yield* Effect.sleep(0);
  console.log("Hello ... World!");
}));`,
  "effect, of one module": `import * as Effect from "npm:effect@^4/Effect";
await Effect.runPromise(Effect.gen(function* () {
  yield* Effect.sleep(0);
  console.log("Hello ... World!");
}));`,
  "effection": `import { run, sleep } from "npm:effection@^4";
await run(function* () {
  yield* sleep(0);
  console.log("Hello ... World!");
});`,
};

/** How long a program takes. */
export interface Start {
  /** The source of the program. */
  name: string;
  /** The median, in milliseconds. */
  median: number;
  /** The median of how much more that is than an empty program of the same round, in milliseconds. */
  more: number;
  /** The quartiles of that. */
  quartiles: [number, number];
}

/**
 * Measures all programs in turn.
 *
 * @param rounds How often.
 * @returns How long they take.
 */
export async function main(rounds: number = ROUNDS): Promise<Start[]> {
  const folder = await Deno.makeTempDir();
  try {
    return await measure(folder, rounds);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measure(folder: string, rounds: number): Promise<Start[]> {
  const times = new Map<string, number[]>();
  const files = new Map<string, string>();
  for (const [name, text] of Object.entries(PROGRAMS)) {
    const file = `${folder}/${files.size}.ts`;
    await Deno.writeTextFile(file, text);
    files.set(name, file);
  }
  const bundle = await bundled(files.get(HELLO)!);
  if (bundle !== null) files.set(BUNDLED, bundle);
  for (const [name, text] of Object.entries(PEERS)) {
    const file = `${folder}/${files.size}.ts`;
    await Deno.writeTextFile(file, text);
    if (await succeeds(file)) files.set(name, file);
    else console.log(`Without ${name}: it cannot be loaded`);
  }
  for (const [name, file] of files) {
    times.set(name, []);
    await timeOf(file); // Fills the caches.
  }
  const order = [...files];
  for (let round = 0; round < rounds; round++) {
    order.push(order.shift()!);
    for (const [name, file] of order) {
      times.get(name)!.push(await timeOf(file));
    }
  }
  console.log("\nFrom start to end, in milliseconds");
  console.log(row(["", "median", "more", "quartiles"], WIDTH));
  const empty = times.get("nothing")!;
  const hello = times.get(HELLO)!;
  return [...times].map(([name, figures]) => {
    const start = judge(name, figures, empty);
    if (name in PEERS) {
      report({
        title: "Start to end",
        name: HELLO,
        unit: "ms",
        ours: hello,
        peer: name,
        theirs: figures,
      });
    } else if (figures !== empty) {
      report({
        title: "Start to end",
        name,
        unit: "ms",
        ours: figures,
        peer: "an empty program",
        theirs: empty,
      });
    }
    console.log(row(cells(start), WIDTH));
    return start;
  });
}

const WIDTH = 14;

/** Bundles a program by `deno bundle`; returns null where that fails. */
async function bundled(file: string): Promise<string | null> {
  const output = file.replace(/\.ts$/, ".js");
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--no-config", "--output", output, file],
    stdout: "null",
    stderr: "null",
  }).output();
  return success ? output : null;
}

async function timeOf(file: string): Promise<number> {
  const start = performance.now();
  const success = await succeeds(file);
  const time = performance.now() - start;
  if (!success) throw new Error(`${file} failed`);
  return time;
}

async function succeeds(file: string): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", file],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

function judge(
  name: string,
  figures: readonly number[],
  empty: readonly number[],
): Start {
  const more = figures.map((time, round) => time - empty[round]!)
    .sort((a, b) => a - b);
  const at = (part: number) => more[Math.floor((more.length - 1) * part)]!;
  return {
    name,
    median: median(figures),
    more: median(more),
    quartiles: [at(1 / 4), at(3 / 4)],
  };
}

function cells({ name, median, more, quartiles: [low, high] }: Start) {
  return [
    name,
    median.toFixed(1),
    more.toFixed(1),
    `${low.toFixed(1)}-${high.toFixed(1)}`,
  ];
}

if (import.meta.main) await main();
