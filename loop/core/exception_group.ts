// Copyright 2026 the asyncio for Deno authors. MIT license.

import { inspectGroup, type Member } from "./_group_display.ts";
import { registerErrorClass } from "./error_classes.ts";
import { isInstance } from "./unknown_value.ts";
import { assertFunction, assertString, wrongType } from "./validate.ts";

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
