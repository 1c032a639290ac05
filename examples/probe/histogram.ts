// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The number of values from `fromMs` up to but not including `toMs`. */
export interface Bucket {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/** The ends of the buckets. They grow, since latencies spread over orders of magnitude. */
const BOUNDS = [0, ...[0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap(steps)];

/** Counts milliseconds in buckets, from the first nonempty bucket to the last. */
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

/** Returns the median of sorted values, of which there must be at least one. */
export function median(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

function steps(unit: number): number[] {
  return [unit, 2 * unit, 5 * unit];
}
