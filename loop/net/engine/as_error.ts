// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Why a connection ended, as `connectionLost()` is told: what is thrown need not be an `Error`. */
export function asError(error: unknown): Error | null {
  if (error === null || error instanceof Error) return error;
  return new Error(String(error), { cause: error });
}
