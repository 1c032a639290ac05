// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A length of time: a number of seconds, or a `Temporal.Duration`. */
export type Delay = number | DurationLike;

/** What of a `Temporal.Duration` is needed to know its length. */
export interface DurationLike {
  /** The length in a unit. */
  total(unit: "seconds"): number;
}

/** The length of a delay in seconds. */
export function secondsOf(caller: string, name: string, delay: Delay): number {
  const seconds = typeof delay === "number"
    ? delay
    : totalOf(caller, name, delay);
  if (typeof seconds === "number" && !Number.isNaN(seconds)) return seconds;
  const ErrorClass = Number.isNaN(seconds) ? RangeError : TypeError;
  throw new ErrorClass(
    `${caller}() takes a number of seconds or a Temporal.Duration as its ${name}: received ${
      Number.isNaN(seconds) ? "NaN" : delay === null ? "null" : typeof delay
    }`,
  );
}

function totalOf(caller: string, name: string, delay: DurationLike): unknown {
  try {
    return delay?.total?.("seconds");
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(
      `${caller}() takes a Temporal.Duration without years, months and weeks as its ${name}, as these have no fixed length: received ${delay}`,
      { cause: error },
    );
  }
}
