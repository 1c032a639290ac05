// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "./cancelled_error.ts";

/**
 * The cancellation that ended some code, if one did. It may have struck while resources were disposed of after
 * another error; JavaScript then wraps the two in a `SuppressedError`, where in Python the later one arises.
 */
export function cancellationIn(error: unknown): CancelledError | null {
  while (isSuppressedError(error)) error = error.error;
  return error instanceof CancelledError ? error : null;
}

/** By its name: where the engine has no such class, the compiler has one of its own. */
function isSuppressedError(
  error: unknown,
): error is Error & { error: unknown } {
  return error instanceof Error && error.name === "SuppressedError" &&
    "error" in error;
}
