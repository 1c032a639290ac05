// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The reports of benchmarks, and the number of their rounds.
 *
 * @module
 */

/** The environment variable with the file that results are added to, a line each. */
export const RESULTS = "ASYNCIO_BENCH_RESULTS";
/** The environment variable that asks for few rounds. */
export const QUICK = "ASYNCIO_BENCH_QUICK";

/** The name of the peer that is the least JavaScript. */
export const MINIMUM = "the least JavaScript";

const QUICK_ROUNDS = 2;

/** The unit of figures. */
export type Unit = "ns" | "ms" | "bytes" | "a second";

/** The figures of the library in a case, and of a peer. */
export interface Result {
  /** The title of the table. */
  title: string;
  /** The case. */
  name: string;
  /** The unit: of events a second more is better, of everything else less. */
  unit: Unit;
  /** The library's figures, by round. */
  ours: readonly number[];
  /** The name of the peer. */
  peer: string;
  /** The other's figures, of the same rounds. */
  theirs: readonly number[];
}

/** Whether it is only to be seen that a benchmark works. */
export const isQuick: boolean = Deno.env.has(QUICK);

/** How many rounds are measured where there is time for `ordinary` ones. */
export function roundsOf(ordinary: number): number {
  return isQuick ? QUICK_ROUNDS : ordinary;
}

/** Appends a result to the file of results, if there is one. */
export function report(result: Result): void {
  const file = Deno.env.get(RESULTS);
  if (file === undefined) return;
  Deno.writeTextFileSync(file, JSON.stringify(result) + "\n", { append: true });
}

/** A ratio and its spread. */
export interface Comparable {
  /** How many times as good ours is: the median of the rounds' ratios. */
  ratio: number;
  /** The least and the greatest of those. */
  spread: [number, number];
}

/** A result with its medians and ratios. */
export interface Judgement extends Result, Comparable {
  medians: { ours: number; theirs: number };
}

/** Compares the figures of a result. */
export function judge(result: Result): Judgement {
  return {
    ...result,
    ...compare(ratiosOf(result)),
    medians: { ours: median(result.ours), theirs: median(result.theirs) },
  };
}

/** Compares the figures of several cases by the geometric mean of each round's ratios. */
export function judgeMean(results: readonly Result[]): Comparable {
  const ratios = results.map(ratiosOf);
  return compare(ratios[0]!.map((_, round) => {
    const logs = ratios.map((ratio) => Math.log(ratio[round]!));
    return Math.exp(logs.reduce((a, b) => a + b) / logs.length);
  }));
}

function ratiosOf({ unit, ours, theirs }: Result): number[] {
  return ours.map((us, round) =>
    unit === "a second" ? us / theirs[round]! : theirs[round]! / us
  );
}

function compare(ratios: readonly number[]): Comparable {
  return {
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
  };
}

/** The median of some figures. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
