// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors } from "../../runtime.ts";

const CLASSES = [...Object.values(errors), RangeError, TypeError];

/** An error of the same class and code, in other words. The original is its cause, or what is given. */
export function rephrase(
  error: unknown,
  message: string,
  cause = error,
): Error {
  const Class = CLASSES.find((Class) => error instanceof Class) ?? Error;
  const rephrased = new Class(message, { cause });
  if (error instanceof Error && "code" in error) {
    Object.assign(rephrased, { code: error.code });
  }
  return rephrased;
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
