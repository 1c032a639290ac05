// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Asserts that a parameter is a whole number that is not too small.
 *
 * @param what What takes the parameter, as the error names it: `Semaphore()`.
 */
export function assertCount(
  what: string,
  name: string,
  value: number,
  least: number,
): void {
  if (Number.isInteger(value) && value >= least) return;
  if (typeof value !== "number") {
    throw new TypeError(
      `${what} takes an integer as its ${name}: received ${
        value === null ? "null" : typeof value
      }`,
    );
  }
  throw new RangeError(
    `${what} takes an integer of at least ${least} as its ${name}: received ${value}`,
  );
}
