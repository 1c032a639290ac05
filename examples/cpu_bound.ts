// Copyright 2026 the asyncio for Deno authors. MIT license.

// The calculation that run_in_executor.ts runs in another thread.

/** Returns the sum of the squares of the integers below a number. */
export function sumOfSquares(below: number): number {
  let sum = 0;
  for (let n = 0; n < below; n++) sum += n * n;
  return sum;
}
