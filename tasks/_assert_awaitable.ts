// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isFuture } from "../loop/core/future.ts";
import { propertyOf } from "../loop/core/unknown_value.ts";
import { wrongType } from "../loop/core/validate.ts";

/** Throws unless a value is awaitable, or a function. */
export function assertAwaitable(caller: string, aw: unknown): void {
  if (isAwaitable(aw)) return;
  throw wrongType(
    `The awaitable of ${caller}()`,
    "a future, a promise or a function",
    aw,
  );
}

/** Throws unless all values are awaitable, or functions. */
export function assertAwaitables(
  caller: string,
  aws: readonly unknown[],
): void {
  for (const [index, aw] of aws.entries()) {
    if (isAwaitable(aw)) continue;
    throw wrongType(
      `The awaitable of ${caller}() at index ${index}`,
      "a future, a promise or a function",
      aw,
    );
  }
}

function isAwaitable(value: unknown): boolean {
  // Looking at `then` of a future counts as awaiting it.
  return typeof value === "function" || isFuture(value) ||
    typeof propertyOf(value, "then") === "function";
}
