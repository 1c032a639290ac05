// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertAtLeast,
  assertFunction,
  assertInteger,
  assertOneOf,
  assertOptions,
  outOfRange,
  wrongType,
} from "../loop/core/validate.ts";

/**
 * The options of {@linkcode backoff}.
 *
 * @category Retrying
 */
export interface BackoffOptions {
  /** The first delay, in seconds; 0.1 by default. */
  first?: number | undefined;
  /** The factor from each delay to the next; 2 by default. */
  factor?: number | undefined;
  /** The longest delay, in seconds; 30 by default. */
  max?: number | undefined;
  /**
   * `"full"`, the default, takes a random part of each delay, so that clients which failed together do not come back
   * together; `"none"` takes the whole of it.
   */
  jitter?: "full" | "none" | undefined;
  /** Returns a random number from 0 to 1; `Math.random` by default. */
  random?: (() => number) | undefined;
}

const JITTERS = ["full", "none"];

/**
 * Creates the delays of an exponential back-off, for `retry()` and `supervise()`.
 *
 * @param options The first delay, the factor, the longest delay, and the jitter.
 * @returns A function that returns the delay, in seconds, after an attempt: the first attempt is 1.
 * @throws {RangeError} If an option is out of range.
 * @throws {TypeError} If an option is of the wrong type.
 *
 * @example Usage
 * ```ts
 * import { backoff } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const delay = backoff({ first: 1, max: 5, jitter: "none" });
 * assertEquals([1, 2, 3, 4].map(delay), [1, 2, 4, 5]);
 * ```
 *
 * @category Retrying
 */
export function backoff(
  options: BackoffOptions = {},
): (attempt: number) => number {
  assertOptions("backoff", options);
  const {
    first = 0.1,
    factor = 2,
    max = 30,
    jitter = "full",
    random = Math.random,
  } = options;
  assertAtLeast("The first option of backoff()", first, 0);
  assertAtLeast("The factor option of backoff()", factor, 1);
  assertAtLeast("The max option of backoff()", max, 0);
  assertOneOf("The jitter option of backoff()", jitter, JITTERS);
  assertFunction("The random option of backoff()", random);
  return (attempt) => {
    assertInteger("The attempt of a back-off", attempt, 1);
    // Zero times infinity is not a number.
    const delay = first === 0
      ? 0
      : Math.min(max, first * factor ** (attempt - 1));
    return jitter === "none" || delay === 0 ? delay : partOf(delay, random);
  };
}

function partOf(delay: number, random: () => number): number {
  const part = random();
  if (part >= 0 && part <= 1) return part === 0 ? 0 : part * delay;
  throw (typeof part === "number" ? outOfRange : wrongType)(
    "What the random option of backoff() returns",
    "a number from 0 to 1",
    part,
  );
}
