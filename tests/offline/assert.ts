/**
 * The part of `@std/assert` that the tests use, so that they run where JSR
 * cannot be reached. Signatures, what counts as equal, and what is thrown are
 * those of `@std/assert` 1; the picture of a difference is `node:assert`'s.
 *
 * @module
 */

import nodeAssert from "node:assert/strict";

type AnyClass<T> = abstract new (...args: never[]) => T;

/** The values that {@linkcode assertFalse} accepts. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Thrown when an assertion fails. */
export class AssertionError extends Error {
  /** Sets the message and, by `options`, the cause. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Fails if `expr` is truthy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Fails unless the values are deeply equal, see {@linkcode equal}. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `Values are not equal${suffix(msg)}\n${difference(actual, expected)}`,
  );
}

/** Fails if the values are deeply equal, see {@linkcode equal}. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    `Expected actual: ${format(actual)} not to be: ${format(expected)}${
      suffix(msg)
    }`,
  );
}

/** Fails unless the values are the same by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw new AssertionError(
    format(actual) === format(expected)
      ? `Values have the same structure but are not reference-equal${
        suffix(msg)
      }\n\n${format(actual)}`
      : `Values are not strictly equal${suffix(msg)}\n${
        difference(actual, expected)
      }`,
  );
}

/** Fails if the values are the same by `Object.is`. */
export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!Object.is(actual, expected)) return;
  throw new AssertionError(
    `Expected "actual" to not be strictly equal to: ${format(actual)}${
      suffix(msg)
    }`,
  );
}

/** Fails if `actual` is `null` or `undefined`. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not be null or undefined${suffix(msg)}`,
  );
}

/** Fails unless `actual` is an instance of `expectedType`. */
export function assertInstanceOf<T>(
  actual: unknown,
  expectedType: AnyClass<T>,
  msg?: string,
): asserts actual is T {
  if (actual instanceof expectedType) return;
  throw new AssertionError(
    `Expected object to be an instance of "${expectedType.name}" but was "${
      typeName(actual)
    }"${suffix(msg)}`,
  );
}

/** Fails unless `error` is an error of that class whose message fits. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: AnyClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(
      `Expected "error" to be an Error object${suffix(msg)}`,
    );
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was "${
        typeName(error)
      }"${suffix(msg)}`,
      { cause: error },
    );
  }
  if (!msgMatches || fits(error.message, msgMatches)) return;
  throw new AssertionError(
    `Expected error message to include ${
      typeof msgMatches === "string" ? JSON.stringify(msgMatches) : msgMatches
    }, but got ${JSON.stringify(error.message)}${suffix(msg)}`,
    { cause: error },
  );
}

/** Fails unless `fn` throws; gives what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless `fn` throws that error; gives the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  ...rest: ErrorExpectation
): unknown {
  const { ErrorClass, msgIncludes, msg } = expectation(rest);
  try {
    fn();
  } catch (error) {
    if (ErrorClass) {
      assert(
        error instanceof Error,
        `A non-Error object was thrown${suffix(msg)}`,
      );
      assertIsError(error, ErrorClass, msgIncludes, msg);
    }
    return error;
  }
  throw new AssertionError(`Expected function to throw${suffix(msg)}`);
}

/** Fails unless the promise that `fn` returns rejects; gives the reason. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/** Fails unless the promise that `fn` returns rejects so; gives the error. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  ...rest: ErrorExpectation
): Promise<unknown> {
  const { ErrorClass, msgIncludes, msg } = expectation(rest);
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    throw new AssertionError(
      `Function throws when expected to reject${suffix(msg)}`,
      { cause: error },
    );
  }
  assert(
    typeof promise?.then === "function",
    `Function throws when expected to reject${suffix(msg)}`,
  );
  try {
    await promise;
  } catch (error) {
    if (ErrorClass) {
      assert(
        error instanceof Error,
        `A non-Error object was rejected${suffix(msg)}`,
      );
      assertIsError(error, ErrorClass, msgIncludes, msg);
    }
    return error;
  }
  throw new AssertionError(`Expected function to reject${suffix(msg)}`);
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`,
  );
}

/** Fails unless `actual` matches `expected`. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`,
  );
}

/** Fails unless `actual` is greater than `expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (actual > expected) return;
  throw new AssertionError(
    msg ?? `Expect ${format(actual)} > ${format(expected)}`,
  );
}

/** Fails unless `actual` is greater than `expected`, or as great. */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (actual >= expected) return;
  throw new AssertionError(
    msg ?? `Expect ${format(actual)} >= ${format(expected)}`,
  );
}

/** Fails unless `actual` is less than `expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (actual < expected) return;
  throw new AssertionError(
    msg ?? `Expect ${format(actual)} < ${format(expected)}`,
  );
}

/** Fails unless `actual` is less than `expected`, or as great. */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (actual <= expected) return;
  throw new AssertionError(
    msg ?? `Expect ${format(actual)} <= ${format(expected)}`,
  );
}

/** Fails unless the numbers are within `tolerance`, by default 1e-7 of `expected`. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance: number = Number.isFinite(expected)
    ? Math.abs(expected * 1e-7)
    : 1e-7,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const delta = Math.abs(expected - actual);
  if (delta <= tolerance) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to be close to "${expected}": delta "${delta}" is greater than "${tolerance}"${
      suffix(msg)
    }`,
  );
}

/** Fails unless each element of `expected` equals one of `actual`. */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T> & object,
  expected: ArrayLike<T> & object,
  msg?: string,
): void {
  const present = Array.from(actual);
  const missing = Array.from(expected).filter((item) =>
    !present.some((other) => equal(item, other))
  );
  if (missing.length === 0) return;
  throw new AssertionError(
    `Expected actual: "${format(actual)}" to include: "${format(expected)}"${
      suffix(msg)
    }\nmissing: ${format(missing)}`,
  );
}

/** Fails unless `actual` has at least what `expected` has, at every depth. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any -- so that an instance of an interface is taken, as in @std/assert
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  // Both go through it: a class instance matches a literal of its fields.
  assertEquals(overlap(actual, expected), overlap(expected, expected), msg);
}

/** Fails. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}

/** Fails: this line is never to be reached. */
export function unreachable(msg?: string): never {
  throw new AssertionError(`Unreachable${suffix(msg)}`);
}

/**
 * Whether two values are deeply equal. `NaN` equals itself, `0` equals `-0`,
 * an absent property differs from an undefined one, instances of different
 * classes differ, functions and primitives equal only themselves.
 */
export function equal(a: unknown, b: unknown): boolean {
  const assumed = new Map<object, object>();

  function same(a: unknown, b: unknown): boolean {
    if (a === b || Object.is(a, b)) return true;
    if (!isObject(a) || !isObject(b) || !samePrototype(a, b)) return false;
    if (a instanceof WeakMap || a instanceof WeakSet) {
      throw new TypeError(`Cannot compare ${typeName(a)} instances`);
    }
    if (a instanceof WeakRef) {
      return same(a.deref(), (b as WeakRef<WeakKey>).deref());
    }
    if (a instanceof Date) {
      return Object.is(a.getTime(), (b as Date).getTime());
    }
    if (a instanceof ArrayBuffer || a instanceof SharedArrayBuffer) {
      return same(
        new Uint8Array(a),
        new Uint8Array(b as ArrayBuffer | SharedArrayBuffer),
      );
    }
    if (isTypedArray(a)) return sameElements(a, b as typeof a);
    if (isNamedByItsString(a)) return String(a) === String(b);

    // A circle is equal as long as nothing else in it differs.
    if (assumed.get(a) === b) return true;
    assumed.set(a, b);
    if (Object.keys(a).length !== Object.keys(b).length) return false;
    if (a instanceof Set) return sameEntries(a, b as typeof a);
    if (a instanceof Map) return sameEntries(a, b as typeof a);
    return sameProperties(a, b);
  }

  function sameElements(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
    return a.length === b.length &&
      Array.from(a).every((element, index) => same(element, b[index]));
  }

  function sameEntries(
    a: Iterable<unknown> & { size: number },
    b: Iterable<unknown> & { size: number },
  ): boolean {
    const others = [...b];
    return a.size === b.size &&
      Array.from(a).every((entry) =>
        others.some((other) => same(entry, other))
      );
  }

  function sameProperties(a: object, b: object): boolean {
    for (const key of new Set([...propertyKeys(a), ...propertyKeys(b)])) {
      if (!(key in a) || !(key in b)) return false;
      if (!same(Reflect.get(a, key), Reflect.get(b, key))) return false;
    }
    return true;
  }

  return same(a, b);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function samePrototype(a: object, b: object): boolean {
  const [prototypeOfA, prototypeOfB] = [a, b].map((object) =>
    Object.getPrototypeOf(object) ?? Object.prototype
  );
  return prototypeOfA === prototypeOfB;
}

function isTypedArray(value: object): value is Uint8Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function isNamedByItsString(value: object): boolean {
  return value instanceof RegExp || value instanceof URL ||
    value instanceof URLSearchParams || value instanceof Intl.Locale ||
    Object.prototype.toString.call(value).startsWith("[object Temporal.");
}

/** Returns the enumerable keys of a plain object or array, and all keys of others, including inherited ones. */
function propertyKeys(value: object): (string | symbol)[] {
  const keys: (string | symbol)[] = [];
  const prototype = Object.getPrototypeOf(value);
  if (
    prototype === null || prototype === Object.prototype ||
    prototype === Array.prototype
  ) {
    return Reflect.ownKeys({ ...value });
  }
  for (
    let object = value;
    object !== null && object !== Object.prototype &&
    object !== Array.prototype;
    object = Object.getPrototypeOf(object)
  ) {
    keys.push(...Reflect.ownKeys(object));
  }
  return keys;
}

/** The part of `actual` that `expected` speaks of, instances as plain objects. */
function overlap(actual: object, expected: object): object {
  const begun = new Map<object, { expected: object; part: object }>();

  function shared(actual: unknown, expected: unknown): unknown {
    if (!isObject(actual) || !isObject(expected)) return actual;
    if (actual instanceof RegExp || actual instanceof Date) return actual;
    if (actual instanceof Set && expected instanceof Set) {
      return new Set([...actual].filter((value) => expected.has(value)));
    }
    const known = begun.get(actual);
    if (known?.expected === expected) return known.part;
    if (Array.isArray(actual) && Array.isArray(expected)) {
      const part: unknown[] = [];
      begun.set(actual, { expected, part });
      for (const [index, value] of actual.slice(0, expected.length).entries()) {
        part.push(shared(value, expected[index]));
      }
      return part;
    }
    if (actual instanceof Map && expected instanceof Map) {
      const part = new Map<unknown, unknown>();
      begun.set(actual, { expected, part });
      for (const [key, value] of actual) {
        if (expected.has(key)) part.set(key, shared(value, expected.get(key)));
      }
      return part;
    }
    const part = {};
    begun.set(actual, { expected, part });
    for (const key of Reflect.ownKeys(actual)) {
      if (!Object.hasOwn(expected, key)) continue;
      Object.defineProperty(part, key, {
        value: shared(Reflect.get(actual, key), Reflect.get(expected, key)),
        enumerable: true,
      });
    }
    return part;
  }

  return shared(actual, expected) as object;
}

type ErrorExpectation = [
  errorClassOrMsg?: AnyClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
];

function expectation([first, msgIncludes, msg]: ErrorExpectation): {
  ErrorClass?: AnyClass<Error>;
  msgIncludes?: string | undefined;
  msg?: string | undefined;
} {
  if (typeof first === "string") return { msg: first };
  if (first === undefined) return { msgIncludes, msg };
  return { ErrorClass: first, msgIncludes, msg };
}

function fits(message: string, expected: string | RegExp): boolean {
  return typeof expected === "string"
    ? message.includes(expected)
    : expected.test(message);
}

function typeName(value: unknown): string {
  if (!isObject(value)) return value === null ? "null" : typeof value;
  return value.constructor?.name ?? "Object";
}

function suffix(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}

function format(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    strAbbreviateSize: Infinity,
    getters: true,
  });
}

function difference(actual: unknown, expected: unknown): string {
  return new nodeAssert.AssertionError({
    actual,
    expected,
    operator: "deepStrictEqual",
  }).message;
}
