// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isInstance, propertyOf, textOf } from "./unknown_value.ts";
import { registerErrorClass } from "./errors.ts";
import { assertFunction, assertString, wrongType } from "./validate.ts";

/** How many members of a group are named in its message, and how many are shown with their stacks. */
const MAX_NAMED = 3;
const MAX_SHOWN = 15;
/** How many groups inside each other are shown. */
const MAX_DEPTH = 5;
/** The maximum number of characters of one error in a message. */
const MAX_TEXT = 100;

const INSPECT = Symbol.for("Deno.customInspect");

type Inspect = (value: unknown, options: unknown) => string;

/** One error of several, with the name of what failed, if it has one. */
export interface Member {
  readonly error: unknown;
  readonly name: string | null;
}

/** Describes errors in one line: `fetch-1: TypeError: invalid URL; fetch-2: …; and 7 more`. */
export function summaryOf(members: readonly Member[]): string {
  const texts = members.slice(0, MAX_NAMED).map(({ error, name }) => {
    const text = firstLineOf(textOf(error));
    return name === null ? text : `${firstLineOf(name)}: ${text}`;
  });
  const rest = members.length - texts.length;
  if (rest > 0) texts.push(`and ${rest} more`);
  return texts.join("; ");
}

function firstLineOf(text: string): string {
  const line = text.split("\n", 1)[0]!;
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}

/** Stands for a member, or for those that are left out, where the console shows a group. */
class Shown {
  constructor(readonly show: (inspect: Inspect, options: unknown) => string) {}

  [INSPECT](inspect: Inspect, options: unknown): string {
    return this.show(inspect, options);
  }
}

/** The groups that are being shown, outer ones first: a group may be among its own causes. */
const open = new Set<Error>();

/** Shows a group as the console shows an `AggregateError`, with the names of its members, and only so many of them. */
function inspectGroup(
  group: Error,
  members: readonly Member[],
  inspect: Inspect,
  options: unknown,
): string {
  if (open.has(group) || open.size >= MAX_DEPTH) {
    return `[${firstLineOf(textOf(group))}]`;
  }
  open.add(group);
  try {
    return inspect(displayOf(group, members), options);
  } finally {
    open.delete(group);
  }
}

function displayOf(group: Error, members: readonly Member[]): AggregateError {
  const shown: unknown[] = members.slice(0, MAX_SHOWN).map(({ error, name }) =>
    name === null
      ? error
      : new Shown((inspect, options) => `${name}: ${inspect(error, options)}`)
  );
  const rest = members.length - shown.length;
  if (rest > 0) shown.push(new Shown(() => `… and ${rest} more`));
  const display = new AggregateError(shown);
  // What a program has added to the error is shown too.
  for (const key of [...HIDDEN, ...Object.keys(group)]) {
    if (!(key in group)) continue;
    Object.defineProperty(display, key, {
      value: propertyOf(group, key),
      enumerable: !HIDDEN.includes(key),
      configurable: true,
    });
  }
  return display;
}

/** The properties of an error that the console shows in its own way. */
const HIDDEN = ["name", "message", "stack", "cause"];

/**
 * Selects exceptions of a group: a class, several classes, or a predicate.
 *
 * @category Errors
 */
export type ExceptionCondition =
  // deno-lint-ignore no-explicit-any -- the parameters of a constructor do not matter to `instanceof`
  | (abstract new (...args: any[]) => Error)
  // deno-lint-ignore no-explicit-any -- as above
  | readonly (abstract new (...args: any[]) => Error)[]
  | ((error: unknown) => boolean);

/** Creates a group whose members have the names of what failed. */
export let groupOf: (
  message: string,
  members: readonly Member[],
) => ExceptionGroup;

/**
 * Several exceptions at once: what a task group throws when tasks in it failed.
 *
 * @example Tell the failures apart
 * ```ts
 * import { ExceptionGroup } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const group = new ExceptionGroup("two of them", [new TypeError("a"), new RangeError("b")]);
 * const [typeErrors, rest] = group.split(TypeError);
 * assertEquals(typeErrors?.exceptions.length, 1);
 * assertEquals(rest?.exceptions.length, 1);
 * ```
 *
 * @category Errors
 * @see {@link https://docs.python.org/3/library/exceptions.html#ExceptionGroup}
 */
export class ExceptionGroup extends AggregateError {
  // Behind a getter: the console shows them already as the errors of AggregateError.
  readonly #exceptions: readonly unknown[];
  /** The names of what failed, where they are known. */
  #names: readonly (string | null)[] = [];

  static {
    groupOf = (message, members) => {
      const group = new ExceptionGroup(message, members.map((m) => m.error));
      group.#names = members.map(({ name }) => name);
      // Without the frame of this function; not every engine can do that.
      Error.captureStackTrace?.(group, groupOf);
      return group;
    };
    Object.defineProperty(
      this.prototype,
      Symbol.for("Deno.customInspect"),
      {
        value(
          this: ExceptionGroup,
          inspect: (value: unknown, options: unknown) => string,
          options: unknown,
        ): string {
          return inspectGroup(this, this.#members(), inspect, options);
        },
        configurable: true,
        writable: true,
      },
    );
  }

  /**
   * Constructs a new instance.
   *
   * @param message What happened.
   * @param exceptions The exceptions.
   * @param options The error's `cause`.
   * @throws {TypeError} If `message` is not a string or `exceptions` is not an array.
   * @throws {RangeError} If `exceptions` is empty.
   */
  constructor(
    message: string,
    exceptions: readonly unknown[],
    options?: ErrorOptions,
  ) {
    assertString("The message of an ExceptionGroup", message);
    if (!Array.isArray(exceptions)) {
      throw wrongType(
        "The exceptions of an ExceptionGroup",
        "an array",
        exceptions,
      );
    }
    if (exceptions.length === 0) {
      throw new RangeError(
        "The exceptions of an ExceptionGroup must be at least one: received none",
      );
    }
    super(exceptions, message, options);
    this.name = "ExceptionGroup";
    this.#exceptions = Object.freeze([...exceptions]);
  }

  /** The exceptions, at least one. The exceptions of a nested group are in that group. */
  get exceptions(): readonly unknown[] {
    return this.#exceptions;
  }

  /**
   * Returns the part of the group whose exceptions match, with the same nesting.
   *
   * @param condition A class, an array of classes, or a predicate.
   * @returns The part, or `null` if nothing matches.
   */
  subgroup(condition: ExceptionCondition): ExceptionGroup | null {
    return this.split(condition)[0];
  }

  /**
   * Splits the group in two: the matching exceptions, and the rest.
   *
   * @param condition A class, an array of classes, or a predicate; nested groups are tested too.
   * @returns The two parts, each `null` if it is empty.
   */
  split(
    condition: ExceptionCondition,
  ): [match: ExceptionGroup | null, rest: ExceptionGroup | null] {
    return this.#split(predicateOf(condition));
  }

  /**
   * Creates a group of the same class with other exceptions; to be overridden by subclasses.
   *
   * @param exceptions The exceptions.
   * @returns The group.
   */
  derive(exceptions: readonly unknown[]): ExceptionGroup {
    return new ExceptionGroup(this.message, exceptions);
  }

  #split(
    matches: (error: unknown) => boolean,
  ): [ExceptionGroup | null, ExceptionGroup | null] {
    if (matches(this)) return [this, null];
    const match: Member[] = [];
    const rest: Member[] = [];
    for (const { error, name } of this.#members()) {
      if (isInstance(error, ExceptionGroup)) {
        const [inside, outside] = error.#split(matches);
        if (inside !== null) match.push({ error: inside, name });
        if (outside !== null) rest.push({ error: outside, name });
      } else {
        (matches(error) ? match : rest).push({ error, name });
      }
    }
    return [this.#part(match), this.#part(rest)];
  }

  #members(): Member[] {
    return this.exceptions.map((error, i) => ({
      error,
      name: this.#names[i] ?? null,
    }));
  }

  #part(members: readonly Member[]): ExceptionGroup | null {
    if (members.length === 0) return null;
    const part = this.derive(members.map(({ error }) => error));
    if (isInstance(part, ExceptionGroup)) {
      part.#names = members.map(({ name }) => name);
    }
    if (this.cause !== undefined) part.cause = this.cause;
    if (this.stack !== undefined) part.stack = this.stack;
    return part;
  }
}

registerErrorClass(
  ExceptionGroup,
  (message, errors) => new ExceptionGroup(message, errors),
);

function predicateOf(
  condition: ExceptionCondition,
): (error: unknown) => boolean {
  if (isClassList(condition)) {
    for (const type of condition) {
      assertFunction("Each condition of an ExceptionGroup", type);
    }
    return (error) => condition.some((type) => isInstance(error, type));
  }
  if (typeof condition !== "function") {
    throw wrongType(
      "The condition of an ExceptionGroup",
      "a class, an array of classes or a predicate",
      condition,
    );
  }
  if (isErrorClass(condition)) return (error) => isInstance(error, condition);
  return condition;
}

type ErrorClass = Extract<
  ExceptionCondition,
  abstract new (...args: never[]) => Error
>;

function isClassList(
  condition: ExceptionCondition,
): condition is readonly ErrorClass[] {
  return Array.isArray(condition);
}

function isErrorClass(
  condition: Exclude<ExceptionCondition, readonly ErrorClass[]>,
): condition is ErrorClass {
  return condition === Error || condition.prototype instanceof Error;
}
