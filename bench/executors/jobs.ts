// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Costs next to nothing. */
export function increment(n: number): number {
  return n + 1;
}

/** Takes a while. */
export function sumOfRemainders(below: number): number {
  let sum = 0;
  for (let n = 0; n < below; n++) sum += n % 7;
  return sum;
}
