// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Looks at values of user code, which may be proxies, have getters that throw, or hold themselves. None of
 * these functions throws.
 */

// deno-lint-ignore no-explicit-any -- the parameters of a constructor do not matter to `instanceof`
type Class<T> = abstract new (...args: any[]) => T;

/** As `instanceof`; `false` where that throws. */
export function isInstance<T>(value: unknown, type: Class<T>): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** The value of a property; `undefined` where it cannot be read. */
export function propertyOf(value: unknown, key: PropertyKey): unknown {
  try {
    return (value as Record<PropertyKey, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Sets a property; returns whether that was possible. */
export function trySetProperty(
  object: object,
  key: PropertyKey,
  value: unknown,
): boolean {
  try {
    return Reflect.set(object, key, value);
  } catch {
    return false;
  }
}

/** As `String(value)`, or what kind of value it is where it cannot be converted. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return isInstance(value, Error)
      ? "an unprintable Error"
      : `an unprintable ${typeof value}`;
  }
}

/** A text that is a property, such as a name; `fallback` where it is none. */
export function textAt(
  value: unknown,
  key: PropertyKey,
  fallback = "",
): string {
  const text = propertyOf(value, key);
  return typeof text === "string" ? text : fallback;
}

/** What was thrown, or an `Error` that has it as its cause; that says `prefix` and the value. */
export function asError(value: unknown, prefix = ""): Error {
  if (isInstance(value, Error)) return value;
  return new Error(`${prefix}${textOf(value)}`, { cause: value });
}

/** An object and what it is linked with by a property, as an error and its causes. Each comes once. */
export function* chainOf(value: unknown, key: PropertyKey): Generator<Error> {
  const seen = new Set<unknown>();
  while (isInstance(value, Error) && !seen.has(value)) {
    seen.add(value);
    yield value;
    value = propertyOf(value, key);
  }
}
