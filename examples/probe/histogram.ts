// Copyright 2026 the asyncio for Deno authors. MIT license.

/** How many values there are from `fromMs` up to but not including `toMs`. */
export interface Bucket {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/** Where buckets end: latencies spread over orders of magnitude, so these grow. */
const BOUNDS = [0, ...[0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap(steps)];

/** Counts milliseconds in buckets, from the first that holds some to the last. */
export function histogram(values: readonly number[]): Bucket[] {
  const counts = BOUNDS.slice(1).map((toMs, index) => {
    const fromMs = BOUNDS[index]!;
    const count = values.filter((ms) => fromMs <= ms && ms < toMs).length;
    return { fromMs, toMs, count };
  });
  const first = counts.findIndex(({ count }) => count > 0);
  const last = counts.findLastIndex(({ count }) => count > 0);
  return first < 0 ? [] : counts.slice(first, last + 1);
}

/** The median of values that are sorted; there must be one. */
export function median(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

function steps(unit: number): number[] {
  return [unit, 2 * unit, 5 * unit];
}
