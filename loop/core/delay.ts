// Copyright 2026 the asyncio for Deno authors. MIT license.

import { propertyOf, textOf } from "./unknown_value.ts";
import { outOfRange, wrongType } from "./validate.ts";

/**
 * A length of time: a number of seconds, or a `Temporal.Duration`.
 *
 * @category Time limits and cancellation
 */
export type Delay = number | DurationLike;

/**
 * The part of `Temporal.Duration` that the library uses.
 *
 * @category Time limits and cancellation
 */
export interface DurationLike {
  /** Returns the length in a unit. */
  total(unit: "seconds"): number;
}

/** Returns the length of a delay in seconds. */
export function secondsOf(caller: string, name: string, delay: Delay): number {
  const seconds = typeof delay === "number"
    ? delay
    : totalOf(caller, name, delay);
  if (typeof seconds === "number" && !Number.isNaN(seconds)) return seconds;
  const error = Number.isNaN(seconds) ? outOfRange : wrongType;
  throw error(
    `The ${name} of ${caller}()`,
    "a number of seconds or a Temporal.Duration",
    delay,
  );
}

function totalOf(caller: string, name: string, delay: DurationLike): unknown {
  if (typeof propertyOf(delay, "total") !== "function") return undefined;
  try {
    return delay.total("seconds");
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(
      `${caller}() takes a Temporal.Duration without years, months and weeks as its ${name}, as these have no fixed length: received ${
        textOf(delay)
      }`,
      { cause: error },
    );
  }
}
