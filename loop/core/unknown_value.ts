// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Inspects values of user code, which may be proxies, have getters that throw, or contain themselves. None of these
 * functions throws.
 */

// deno-lint-ignore no-explicit-any -- the parameters of a constructor do not matter to `instanceof`
type Class<T> = abstract new (...args: any[]) => T;

/** Like `instanceof`; `false` if that throws. */
export function isInstance<T>(value: unknown, type: Class<T>): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** Returns the value of a property; `undefined` if it cannot be read. */
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

/** Like `String(value)`; if that throws, the kind of the value. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return isInstance(value, Error)
      ? "an unprintable Error"
      : `an unprintable ${typeof value}`;
  }
}

/** Returns a property that is a string, such as a name; `fallback` if it is not a string. */
export function textAt(
  value: unknown,
  key: PropertyKey,
  fallback = "",
): string {
  const text = propertyOf(value, key);
  return typeof text === "string" ? text : fallback;
}

/** Returns a thrown `Error`, or wraps another thrown value in one as its cause; its message is `prefix` and the value. */
export function asError(value: unknown, prefix = ""): Error {
  if (isInstance(value, Error)) return value;
  return new Error(`${prefix}${textOf(value)}`, { cause: value });
}

/** Yields the errors of a chain that is linked by a property, such as an error and its causes. Each comes once. */
export function* chainOf(value: unknown, key: PropertyKey): Generator<Error> {
  const seen = new Set<unknown>();
  while (isInstance(value, Error) && !seen.has(value)) {
    seen.add(value);
    yield value;
    value = propertyOf(value, key);
  }
}
