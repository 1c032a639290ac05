// Copyright 2026 the asyncio for Deno authors. MIT license.

/** What a method of a protocol is told that takes an `Error`: what is thrown need not be one. */
export function asError(error: unknown): Error {
  if (error instanceof Error) return error;
  return new Error(String(error), { cause: error });
}

/** Why a connection ended, as `connectionLost()` is told. */
export function reasonOf(error: unknown): Error | null {
  return error === null ? null : asError(error);
}
