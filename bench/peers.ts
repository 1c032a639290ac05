// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * What tasks, locks, queues and limits cost, side by side with other libraries for JavaScript.
 *
 * Each does what comes nearest to the case in its own idiom; where that is not the same work, its file says
 * so. Many do less: only Effect and Effection can cancel what waits.
 *
 * ```sh
 * deno run -A bench/peers.ts
 * ```
 *
 * @module
 */

import { asyncMutex } from "./peers/async_mutex.ts";
import {
  type CaseName,
  CASES,
  type Contestant,
  GOALS,
  type Measure,
} from "./peers/contest.ts";
import { effect } from "./peers/effect.ts";
import { effection } from "./peers/effection.ts";
import { limiter } from "./peers/limiter.ts";
import { ours } from "./peers/ours.ts";
import { pLimitLibrary } from "./peers/p_limit.ts";
import { pMapLibrary } from "./peers/p_map.ts";
import { pQueue } from "./peers/p_queue.ts";
import { pRetryLibrary } from "./peers/p_retry.ts";
import { promises } from "./peers/promises.ts";
import { median, report, roundsOf } from "./report.ts";
import { row } from "./side_by_side.ts";

const PEERS = [
  effection,
  effect,
  asyncMutex,
  pQueue,
  limiter,
  pLimitLibrary,
  pMapLibrary,
  pRetryLibrary,
];
const CONTESTANTS = [ours, promises, ...PEERS];
const ROUNDS = roundsOf(7);

/** The result of a case. */
export interface Contest {
  /** The case. */
  name: CaseName;
  /** The median of each library that has the case, in nanoseconds. */
  medians: Map<Contestant, number>;
  /** Which peer was fastest. */
  best: Contestant;
  /** The median of the ratios of the rounds, the best peer's time by ours. */
  ratio: number;
  /** The least and the greatest of those ratios. */
  spread: [number, number];
}

/**
 * Measures all cases.
 *
 * @returns What came out.
 */
export async function main(): Promise<Contest[]> {
  console.log("\nLibraries for JavaScript, in nanoseconds");
  const names = CONTESTANTS.map(({ name }) => name);
  console.log(row(["", ...names, "best", "ratio", "spread", "goal"], WIDTH));
  const contests = [];
  for (const name of CASES) {
    const contest = await compete(name);
    console.log(row(cells(contest), WIDTH));
    contests.push(contest);
  }
  return contests;
}

async function compete(name: CaseName): Promise<Contest> {
  const figures = new Map<Contestant, number[]>();
  for (const each of CONTESTANTS) {
    if (each.cases[name] !== undefined) figures.set(each, []);
  }
  const contestants = [...figures.keys()];
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    // Each round begins with another library, so that its garbage does not always burden the same other library.
    contestants.push(contestants.shift()!);
    for (const each of contestants) {
      const figure = await least(each.cases[name]!);
      if (round >= 0) figures.get(each)!.push(figure);
    }
  }
  const us = figures.get(ours)!;
  for (const [{ name: peer }, theirs] of figures) {
    if (theirs === us) continue;
    const title = "Libraries for JavaScript";
    report({ title, name, unit: "ns", ours: us, peer, theirs });
  }
  return judge(name, figures);
}

const WARM_UPS = 2;

/** The number of repetitions in a round. The least time counts, which has the least garbage of others to collect. */
const REPETITIONS = 3;

async function least(measure: Measure): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < REPETITIONS; i++) {
    least = Math.min(least, await measure());
  }
  return least;
}

function judge(name: CaseName, figures: Map<Contestant, number[]>): Contest {
  const medians = new Map(
    figures.entries().map(([each, all]) => [each, median(all)]),
  );
  const best = PEERS.filter((peer) => medians.has(peer))
    .reduce((a, b) => medians.get(b)! < medians.get(a)! ? b : a);
  const us = figures.get(ours)!;
  const ratios = figures.get(best)!.map((them, round) => them / us[round]!)
    .sort((a, b) => a - b);
  return {
    name,
    medians,
    best,
    ratio: median(ratios),
    spread: [ratios[0]!, ratios.at(-1)!],
  };
}

const WIDTH = 14;

function cells({ name, medians, best, ratio, spread }: Contest): string[] {
  return [
    name,
    ...CONTESTANTS.map((each) => medians.get(each)?.toFixed(0) ?? "-"),
    best.name,
    `${ratio.toFixed(2)}x`,
    `${spread[0].toFixed(2)}-${spread[1].toFixed(2)}`,
    `${GOALS[name] ?? 1}x`,
  ];
}

if (import.meta.main) await main();
