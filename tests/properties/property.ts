// Copyright 2026 the asyncio for Deno authors. MIT license.

import * as fc from "fast-check";

/**
 * `FC_RUNS` overrides the number of values of each property. `FC_SEED` decides the values, and `FC_PATH` selects
 * one of them; the message of a failure has both.
 */
const RUNS = numberFrom("FC_RUNS");
const SEED = numberFrom("FC_SEED");
const PATH = Deno.env.get("FC_PATH");

/**
 * Tests that a property holds for random values. A counterexample is shrunk, and printed with the means to
 * reproduce it.
 *
 * @param name The name of the test: the property.
 * @param runs The number of values.
 * @param values The generator of values.
 * @param holds Throws for a counterexample.
 * @param seed Decides the values, unless a variable does; by default others each time.
 */
export function property<T>(
  name: string,
  runs: number,
  values: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void>,
  seed: number = Math.floor(Math.random() * 2 ** 31),
): void {
  Deno.test(name, async () => {
    const details = await fc.check(fc.asyncProperty(values, holds), {
      seed: SEED ?? seed,
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
