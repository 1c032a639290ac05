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

/** A result with its medians and ratios. */
export interface Judgement extends Result {
  medians: { ours: number; theirs: number };
  /** How many times as good ours is: the median of the rounds' ratios. */
  ratio: number;
  /** The least and the greatest of those. */
  spread: [number, number];
}

/** Compares the figures of a result. */
export function judge(result: Result): Judgement {
  const { unit, ours, theirs } = result;
  const ratios = ours.map((us, round) =>
    unit === "a second" ? us / theirs[round]! : theirs[round]! / us
  ).sort((a, b) => a - b);
  return {
    ...result,
    medians: { ours: median(ours), theirs: median(theirs) },
    ratio: median(ratios),
    spread: [ratios[0]!, ratios.at(-1)!],
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
