// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Jobs in other threads: what one costs above a bare message to a worker and back, and how much faster several
 * get done side by side; and the same with asyncio's executors.
 *
 * ```sh
 * deno run -A bench/executors.ts
 * ```
 *
 * @module
 */

import { gather, getRunningLoop, run, WorkerExecutor } from "../mod.ts";
import { increment, sumOfRemainders } from "./executors/jobs.ts";
import { median, report, roundsOf } from "./report.ts";
import { PythonPeer, row } from "./side_by_side.ts";

const ROUNDS = roundsOf(15);
const TRIPS = 1000;
const JOBS = 4;
const SIZE = 30_000_000;

/** The most, in nanoseconds, that a job may take longer than a bare message. */
const TRIP_GOAL = 100_000;
/** How many times as fast several jobs are to be side by side. */
const SPEED_UP_GOAL = 1.7;

const MODULE = new URL("./executors/jobs.ts", import.meta.url);
type Jobs = typeof import("./executors/jobs.ts");

/** Nanoseconds of one of `operations`. */
async function timed(
  operations: number,
  work: () => Promise<void>,
): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) * 1e6 / operations;
}

/** What does the same work. */
interface Contestant {
  readonly name: string;
  measure(): Promise<number>;
}

function byPython(peer: PythonPeer | null, name: string): Contestant[] {
  return peer === null ? [] : [{ name, measure: () => peer.measure(name) }];
}

/** Measures all in turn, round by round; a round more comes first, to warm up. */
async function compete(contestants: Contestant[]): Promise<number[][]> {
  const figures: number[][] = contestants.map(() => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, each] of contestants.entries()) {
      const figure = await each.measure();
      if (round > 0) figures[index]!.push(figure);
    }
  }
  return figures;
}

/** A worker that only answers, without any library. */
class BareWorker implements Disposable {
  readonly #worker = new Worker(
    "data:text/javascript," + encodeURIComponent(
      "onmessage = ({ data }) => postMessage(data + 1);",
    ),
    { type: "module" },
  );

  ask(n: number): Promise<number> {
    return new Promise((resolve) => {
      this.#worker.onmessage = ({ data }) => resolve(data);
      this.#worker.postMessage(n);
    });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

async function measureTrips(peer: PythonPeer | null): Promise<void> {
  using bare = new BareWorker();
  await using pool = new WorkerExecutor<Jobs>(MODULE, { maxWorkers: 1 });
  const loop = getRunningLoop();
  const trips = (job: (n: number) => PromiseLike<number>) => () =>
    timed(TRIPS, async () => {
      for (let i = 0; i < TRIPS; i++) await job(i);
    });
  const contestants: Contestant[] = [
    { name: "bare postMessage()", measure: trips((n) => bare.ask(n)) },
    {
      name: "self-contained function",
      measure: trips((n) => loop.runInExecutor(pool, increment, n)),
    },
    {
      name: "function of a module",
      measure: trips((n) => loop.runInExecutor(pool, "increment", n)),
    },
    ...byPython(peer, "asyncio, a thread"),
    ...byPython(peer, "asyncio, a process"),
  ];
  const figures = await compete(contestants);
  console.log("\nA job and its result, in microseconds");
  console.log(row(["", "median", "above bare", "spread", "goal"], WIDTH));
  for (const [index, { name }] of contestants.entries()) {
    const above = figures[index]!.map((figure, round) =>
      figure - figures[0]![round]!
    ).sort((a, b) => a - b);
    const isOurs = index === 1 || index === 2;
    if (!isOurs) {
      report({
        title: "Executors",
        name: "a job and its result",
        unit: "ns",
        ours: figures[1]!,
        peer: name,
        theirs: figures[index]!,
      });
    }
    console.log(row([
      name,
      inMicroseconds(median(figures[index]!)),
      inMicroseconds(median(above)),
      `${inMicroseconds(above[0]!)}..${inMicroseconds(above.at(-1)!)}`,
      isOurs ? `< ${inMicroseconds(TRIP_GOAL)}` : "-",
    ], WIDTH));
  }
}

async function measureSpeedUp(peer: PythonPeer | null): Promise<void> {
  await using pool = new WorkerExecutor();
  const job = () => pool.submit(sumOfRemainders, SIZE);
  const contestants: Contestant[] = [
    {
      name: "in turn",
      measure: () =>
        timed(JOBS, async () => {
          for (let i = 0; i < JOBS; i++) await job();
        }),
    },
    {
      name: "side by side",
      measure: () =>
        timed(JOBS, async () => {
          await gather(Array.from({ length: JOBS }, job));
        }),
    },
    ...byPython(peer, "asyncio, in turn"),
    ...byPython(peer, "asyncio, side by side"),
  ];
  const figures = await compete(contestants);
  console.log(
    `\n${JOBS} jobs that calculate, on ${navigator.hardwareConcurrency} processors, in milliseconds each`,
  );
  console.log(
    row(["", "in turn", "side by side", "ratio", "spread", "goal"], WIDTH),
  );
  for (
    const [name, first] of [["ours", 0], ["asyncio, processes", 2]] as const
  ) {
    const [inTurn, sideBySide] = figures.slice(first);
    if (inTurn === undefined || sideBySide === undefined) continue;
    if (first === 0) {
      report({
        title: "Executors",
        name: `${JOBS} jobs that calculate, side by side`,
        unit: "ns",
        ours: sideBySide,
        peer: "in turn",
        theirs: inTurn,
      });
    }
    const ratios = inTurn.map((figure, round) => figure / sideBySide[round]!)
      .sort((a, b) => a - b);
    console.log(row([
      name,
      (median(inTurn) / 1e6).toFixed(1),
      (median(sideBySide) / 1e6).toFixed(1),
      `${median(ratios).toFixed(2)}x`,
      `${ratios[0]!.toFixed(2)}-${ratios.at(-1)!.toFixed(2)}`,
      first === 0 ? `${SPEED_UP_GOAL}x` : "-",
    ], WIDTH));
  }
}

const WIDTH = 14;

function inMicroseconds(nanoseconds: number): string {
  return (nanoseconds / 1000).toFixed(0);
}

/** Measures all. */
export async function main(): Promise<void> {
  await using peer = await PythonPeer.start("executors.py");
  console.log(`\nExecutors: ${peer?.version ?? "no Python on this machine"}`);
  await run(async () => {
    await measureTrips(peer);
    await measureSpeedUp(peer);
  });
}

if (import.meta.main) await main();
