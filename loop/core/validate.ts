// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isInstance, propertyOf, textAt, textOf } from "./unknown_value.ts";

// One wording for all wrong arguments. Messages are only built on failure, because checks are on hot paths.

/** The maximum number of characters of a text in a message: it may be a certificate. */
const MAX_TEXT = 80;

/** Describes any value for an error message. Text is in quotes, which tells `"80"` from `80`. */
export function formatValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length > MAX_TEXT
        ? `${JSON.stringify(value.slice(0, MAX_TEXT))}…`
        : JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "object":
      return value === null
        ? "null"
        : `an instance of ${
          textAt(propertyOf(value, "constructor"), "name") || "no class"
        }`;
    default:
      return String(value);
  }
}

/** Creates the error for a value of the wrong type. */
export function wrongType(
  what: string,
  expected: string,
  value: unknown,
): TypeError {
  return new TypeError(
    `${what} must be ${expected}: received ${formatValue(value)}`,
  );
}

/** Creates the error for a value of the right type that is out of range. */
export function outOfRange(
  what: string,
  expected: string,
  value: unknown,
): RangeError {
  return new RangeError(
    `${what} must be ${expected}: received ${formatValue(value)}`,
  );
}

/** Throws unless the options of a function are an object or `undefined`. */
export function assertOptions(caller: string, options: unknown): void {
  if (options === undefined) return;
  if (typeof options === "object" && options !== null) return;
  throw wrongType(`The options of ${caller}()`, "an object", options);
}

/**
 * Whether options take the place of an address and of what follows it, as in `openConnection({ sock })`: then `rest`
 * must be left out.
 */
export function areOptions<T extends object>(
  value: T | string | URL | readonly string[] | null | undefined,
  ...rest: unknown[]
): value is T {
  return typeof value === "object" && value !== null &&
    !isInstance(value, Array) && !isInstance(value, URL) &&
    rest.every((each) => each === undefined);
}

/** Throws unless the value is a function. */
export function assertFunction(what: string, value: unknown): void {
  if (typeof value !== "function") throw wrongType(what, "a function", value);
}

/** Throws unless the value is a function or `null`. */
export function assertFunctionOrNull(what: string, value: unknown): void {
  if (value === null || typeof value === "function") return;
  throw wrongType(what, "a function or null", value);
}

/** Throws unless the value is an object that has a method of each of these names. */
export function assertMethods(
  what: string,
  expected: string,
  value: unknown,
  ...names: string[]
): void {
  if (!hasMethods(value, ...names)) throw wrongType(what, expected, value);
}

/** Whether the value is an object with methods of these names. */
export function hasMethods(value: unknown, ...names: string[]): boolean {
  return typeof value === "object" && value !== null &&
    names.every((name) => typeof propertyOf(value, name) === "function");
}

/** Throws unless the value is an instance of a class; `expected` is the name of the class with its article. */
export function assertInstance(
  what: string,
  expected: string,
  type: abstract new (...args: never[]) => unknown,
  value: unknown,
): void {
  if (!isInstance(value, type)) throw wrongType(what, expected, value);
}

/** Throws unless the value is iterable. */
export function assertIterable(
  what: string,
  expected: string,
  value: unknown,
): void {
  if (isIterable(value)) return;
  throw wrongType(what, expected, value);
}

function isIterable(value: unknown): boolean {
  return typeof propertyOf(value, Symbol.iterator) === "function";
}

/** Throws unless the value is a boolean. */
export function assertBoolean(what: string, value: unknown): void {
  if (typeof value !== "boolean") throw wrongType(what, "a boolean", value);
}

/** Throws unless these members of options are booleans, or left out. */
export function assertFlags(
  caller: string,
  options: object | undefined,
  ...names: string[]
): void {
  for (const name of names) {
    const value = propertyOf(options, name);
    if (value === undefined) continue;
    assertBoolean(`The ${name} option of ${caller}()`, value);
  }
}

/** Throws unless the value is a string. */
export function assertString(what: string, value: unknown): void {
  if (typeof value !== "string") throw wrongType(what, "a string", value);
}

/** Throws unless the value is a number other than `NaN`. */
export function assertNumber(what: string, value: unknown): void {
  if (typeof value !== "number") throw wrongType(what, "a number", value);
  if (Number.isNaN(value)) throw outOfRange(what, "a number", value);
}

/** Throws unless the value is a number of at least `least`; `Infinity` is one. */
export function assertAtLeast(
  what: string,
  value: unknown,
  least: number,
): void {
  if (typeof value !== "number") throw wrongType(what, "a number", value);
  if (value >= least) return;
  throw outOfRange(what, `a number of at least ${least}`, value);
}

/** Throws unless the value is a number greater than 0; `Infinity` is one. */
export function assertPositive(what: string, value: unknown): void {
  if (typeof value !== "number") throw wrongType(what, "a number", value);
  if (!(value > 0)) throw outOfRange(what, "a number greater than 0", value);
}

/** Throws unless the value is an integer from `least` to `most`. */
export function assertInteger(
  what: string,
  value: unknown,
  least = -Infinity,
  most = Infinity,
): void {
  if (typeof value !== "number") throw wrongType(what, "an integer", value);
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw outOfRange(what, `an integer${rangeOf(least, most)}`, value);
}

function rangeOf(least: number, most: number): string {
  if (most < Infinity) return ` from ${least} to ${most}`;
  return least > -Infinity ? ` of at least ${least}` : "";
}

/** Throws unless the value is one of a few, which are all of one type; `names` are their names in the message. */
export function assertOneOf(
  what: string,
  value: unknown,
  choices: readonly unknown[],
  names: readonly string[] = choices.map(formatValue),
): void {
  if (choices.includes(value)) return;
  const expected = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  throw typeof value === typeof choices[0]
    ? outOfRange(what, expected, value)
    : wrongType(what, expected, value);
}

/** Throws unless the value is an integer of at least `least`, or `Infinity`. */
export function assertCount(what: string, value: unknown, least: number): void {
  if (value !== Infinity) assertInteger(what, value, least);
}

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
