// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Short processes, and pipes from and to longer ones, side by side with bare Deno and with Python's asyncio.
 *
 * ```sh
 * deno run -A bench/subprocess.ts
 * ```
 *
 * @module
 */

import {
  createSubprocessExec,
  createSubprocessShell,
  DEVNULL,
  gather,
  PIPE,
  run,
  type StreamReader,
  type StreamWriter,
} from "../mod.ts";
import { median, report, roundsOf } from "./report.ts";
import { PythonPeer, row } from "./side_by_side.ts";
import { TextLineStream } from "./text_line_stream.ts";

const PROCESSES = 48;
const AT_ONCE = 16;
const BLOCK = new Uint8Array(64 * 1024);
const BLOCKS = 256 * 16;
const BYTES = BLOCKS * BLOCK.length;
const LINES = 500_000;
const HEAD = ["-c", String(BYTES), "/dev/zero"];
const YES = `yes 'a line of some length' | head -n ${LINES}`;
/** Starting a process takes a very different time each time. */
const PROCESS_ROUNDS = roundsOf(31);
const PIPE_ROUNDS = roundsOf(9);

/** Something that all of them do. */
interface Case {
  /** The name, here and in the Python script. */
  readonly name: string;
  /** How many operations it is. */
  readonly operations: number;
  /** How often it is measured; a round more comes first, to warm up. */
  readonly rounds: number;
  /** Does it once. */
  ours(): Promise<void>;
  readonly bare: readonly Bare[];
}

/** The same without the library. */
interface Bare {
  readonly name: string;
  /** How much of its rate is aimed at. */
  readonly goal: number;
  work(): Promise<void>;
}

const CASES: Case[] = [
  {
    name: "true, one after another",
    operations: PROCESSES,
    rounds: PROCESS_ROUNDS,
    ours: () => inTurn(() => collect("true", [])),
    bare: [
      {
        name: "bare output()",
        goal: 0.9,
        work: () => inTurn(() => output("true")),
      },
      {
        name: "bare spawn()",
        goal: 0.9,
        work: () => inTurn(() => spawn("true")),
      },
    ],
  },
  {
    name: "echo, 16 at a time",
    operations: PROCESSES,
    rounds: PROCESS_ROUNDS,
    ours: () => atOnce(() => collect("echo", ["hello"])),
    bare: [
      {
        name: "bare output()",
        goal: 0.9,
        work: () => atOnce(() => output("echo", ["hello"])),
      },
      {
        name: "bare spawn()",
        goal: 0.9,
        work: () => atOnce(() => spawn("echo", ["hello"])),
      },
    ],
  },
  {
    name: "out of head, 64 KiB",
    operations: BLOCKS,
    rounds: PIPE_ROUNDS,
    async ours() {
      const head = await createSubprocessExec("head", HEAD, { stdout: PIPE });
      await readAll(head.stdout!);
      await head.wait();
    },
    bare: [{ name: "bare streams", goal: 0.8, work: outOfHead }],
  },
  {
    name: "out of yes, a line",
    operations: LINES,
    rounds: PIPE_ROUNDS,
    async ours() {
      const yes = await createSubprocessShell(YES, { stdout: PIPE });
      let count = 0;
      for await (const _line of yes.stdout!.lines()) count++;
      expect(count, LINES);
      await yes.wait();
    },
    bare: [{ name: "bare TextLineStream", goal: 0.8, work: outOfYes }],
  },
  {
    name: "into cat, 64 KiB",
    operations: BLOCKS,
    rounds: PIPE_ROUNDS,
    async ours() {
      const options = { stdin: PIPE, stdout: DEVNULL } as const;
      const cat = await createSubprocessExec("cat", [], options);
      await writeAll(cat.stdin!);
      await cat.wait();
    },
    bare: [{ name: "bare streams", goal: 0.8, work: intoCat }],
  },
  {
    name: "through cat, 64 KiB",
    operations: BLOCKS,
    rounds: PIPE_ROUNDS,
    async ours() {
      const options = { stdin: PIPE, stdout: PIPE } as const;
      const cat = await createSubprocessExec("cat", [], options);
      await gather([
        () => writeAll(cat.stdin!),
        () => readAll(cat.stdout!),
      ]);
      await cat.wait();
    },
    bare: [{ name: "bare streams", goal: 0.8, work: throughCat }],
  },
  {
    name: "communicate() with cat, 64 KiB",
    operations: BLOCKS,
    rounds: PIPE_ROUNDS,
    async ours() {
      const options = { stdin: PIPE, stdout: PIPE } as const;
      const cat = await createSubprocessExec("cat", [], options);
      const [stdout] = await cat.communicate(new Uint8Array(BYTES));
      expect(stdout!.length, BYTES);
    },
    bare: [{ name: "bare output()", goal: 0.8, work: communicateWithCat }],
  },
];

async function inTurn(work: () => Promise<void>): Promise<void> {
  for (let i = 0; i < PROCESSES; i++) await work();
}

async function atOnce(work: () => Promise<void>): Promise<void> {
  let left = PROCESSES;
  const worker = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function expect(count: number, expected: number): void {
  if (count === expected) return;
  throw new Error(`Expected ${expected}: received ${count}`);
}

// With the library.

async function collect(program: string, args: string[]): Promise<void> {
  const process = await createSubprocessExec(program, args, {
    stdin: DEVNULL,
    stdout: PIPE,
    stderr: PIPE,
  });
  await process.communicate();
}

async function readAll(reader: StreamReader): Promise<void> {
  let count = 0;
  while (true) {
    const chunk = await reader.read(BLOCK.length);
    if (chunk.length === 0) break;
    count += chunk.length;
  }
  expect(count, BYTES);
}

async function writeAll(writer: StreamWriter): Promise<void> {
  for (let i = 0; i < BLOCKS; i++) {
    writer.write(BLOCK);
    await writer.drain();
  }
  writer.close();
}

// Without.

async function output(program: string, args: string[] = []): Promise<void> {
  await new Deno.Command(program, { args }).output();
}

async function spawn(program: string, args: string[] = []): Promise<void> {
  await new Deno.Command(program, { args, stdout: "piped", stderr: "piped" })
    .spawn().output();
}

async function outOfHead(): Promise<void> {
  const head = new Deno.Command("head", { args: HEAD, stdout: "piped" })
    .spawn();
  await readAllBare(head.stdout);
  await head.status;
}

async function outOfYes(): Promise<void> {
  const yes = new Deno.Command("sh", { args: ["-c", YES], stdout: "piped" })
    .spawn();
  const lines = yes.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  let count = 0;
  for await (const _line of lines) count++;
  expect(count, LINES);
  await yes.status;
}

async function intoCat(): Promise<void> {
  const cat = new Deno.Command("cat", { stdin: "piped", stdout: "null" })
    .spawn();
  await writeAllBare(cat.stdin);
  await cat.status;
}

async function throughCat(): Promise<void> {
  const cat = new Deno.Command("cat", { stdin: "piped", stdout: "piped" })
    .spawn();
  await Promise.all([writeAllBare(cat.stdin), readAllBare(cat.stdout)]);
  await cat.status;
}

async function communicateWithCat(): Promise<void> {
  const cat = new Deno.Command("cat", { stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = cat.stdin.getWriter();
  const [{ stdout }] = await Promise.all([
    cat.output(),
    writer.write(new Uint8Array(BYTES)).then(() => writer.close()),
  ]);
  expect(stdout.length, BYTES);
}

async function readAllBare(stdout: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stdout.getReader();
  let count = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    count += value.length;
  }
  expect(count, BYTES);
}

async function writeAllBare(stdin: WritableStream<Uint8Array>): Promise<void> {
  const writer = stdin.getWriter();
  for (let i = 0; i < BLOCKS; i++) await writer.write(BLOCK);
  await writer.close();
}

/** Measures and prints. */
export async function main(): Promise<void> {
  await using python = await PythonPeer.start("processes.py");
  await using uvloop = await PythonPeer.start("processes.py", "uvloop");
  const peers = new Map([[ASYNCIO, python], ["uvloop", uvloop]]);
  console.log(`\nSubprocesses: ${python?.version ?? "no Python here"}`);
  console.log(row(["", "a second", "ratio", "spread", "goal"], WIDTH));
  for (const each of CASES) print(each, await compete(each, peers));
}

/** The measurements, in operations a second by round, by name. */
async function compete(
  { name, operations, rounds, ours, bare }: Case,
  peers: ReadonlyMap<string, PythonPeer | null>,
): Promise<Map<string, number[]>> {
  const contestants = new Map([
    [OURS, () => run(() => rateOf(ours, operations))],
  ]);
  for (const each of bare) {
    contestants.set(each.name, () => rateOf(each.work, operations));
  }
  for (const [loop, python] of peers) {
    if (python === null) continue;
    contestants.set(loop, async () => 1e9 / await python.measure(name));
  }
  const names = [...contestants.keys()];
  const rates = new Map(names.map((each) => [each, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    // Each round begins with another contestant, so that none always follows the same other.
    names.push(names.shift()!);
    for (const each of names) {
      const rate = await contestants.get(each)!();
      if (round > 0) rates.get(each)!.push(rate);
    }
  }
  return rates;
}

async function rateOf(
  work: () => Promise<void>,
  operations: number,
): Promise<number> {
  const start = performance.now();
  await work();
  return operations * 1000 / (performance.now() - start);
}

function print({ name, bare }: Case, rates: Map<string, number[]>): void {
  const ours = rates.get(OURS)!;
  console.log(row([name, median(ours).toFixed(0)], WIDTH));
  const goals = new Map(bare.map((each) => [each.name, each.goal]));
  for (const [other, theirs] of rates) {
    if (other === OURS) continue;
    report({
      title: "Subprocesses",
      name,
      unit: "a second",
      ours,
      peer: other,
      theirs,
    });
    const ratios = ours.map((rate, i) => rate / theirs[i]!)
      .sort((a, b) => a - b);
    console.log(row([
      `  of ${other}`,
      median(theirs).toFixed(0),
      median(ratios).toFixed(2),
      `${ratios[0]!.toFixed(2)}-${ratios.at(-1)!.toFixed(2)}`,
      String(goals.get(other) ?? 1),
    ], WIDTH));
  }
}

const OURS = "ours";
const ASYNCIO = "asyncio";
const WIDTH = 13;

if (import.meta.main) await main();
