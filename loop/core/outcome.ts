// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The result of an operation: a value, or the error that it failed with. */
export type Outcome<T, E = unknown> =
  | { readonly value: T }
  | { readonly error: E };

/** Returns the value of an outcome, or throws its error. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}
