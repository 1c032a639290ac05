// Copyright 2026 the asyncio for Deno authors. MIT license.

import * as fc from "fast-check";

/**
 * How many programs are tried of each property, in place of what it says itself: `FC_RUNS`. What they are
 * follows from `FC_SEED`; `FC_PATH` leads from there to one of them, as the message of a failure says.
 */
const RUNS = numberFrom("FC_RUNS");
const SEED = numberFrom("FC_SEED") ?? Math.floor(Math.random() * 2 ** 31);
const PATH = Deno.env.get("FC_PATH");

/**
 * Tests that something holds for every value of a kind. Where it does not, the value is made as small as it
 * can be while it fails, and printed with what brings it back.
 *
 * @param name What holds: the name of the test.
 * @param runs How many values are tried.
 * @param values The values.
 * @param holds Throws for a value for which it does not hold.
 */
export function property<T>(
  name: string,
  runs: number,
  values: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const details = await fc.check(fc.asyncProperty(values, holds), {
      seed: SEED,
      numRuns: RUNS ?? runs,
      ...(PATH === undefined ? {} : { path: PATH, endOnFailure: true }),
    });
    if (!details.failed) return;
    const replay =
      `FC_SEED=${details.seed} FC_PATH=${details.counterexamplePath}`;
    throw new Error(
      `Does not hold; again with ${replay} --filter ${
        JSON.stringify(name)
      }\n${await fc
        .asyncDefaultReportMessage(details)}`,
      { cause: details.errorInstance },
    );
  });
}

function numberFrom(variable: string): number | undefined {
  const value = Deno.env.get(variable);
  return value === undefined ? undefined : Number(value);
}
