// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop, ExceptionContext } from "../../loop/mod.ts";

/**
 * Has a loop's exception handler remember what it is told.
 *
 * @param loop The loop.
 * @returns What it was told so far; it grows.
 */
export function recordExceptions(loop: EventLoop): ExceptionContext[] {
  const contexts: ExceptionContext[] = [];
  loop.setExceptionHandler((_, context) => void contexts.push(context));
  return contexts;
}

/**
 * Runs a function and returns what it printed with `console.error()`.
 *
 * @param fn The function.
 * @returns One array of arguments for each call.
 */
export async function capturingErrors(
  fn: () => unknown,
): Promise<unknown[][]> {
  const printed: unknown[][] = [];
  const original = console.error;
  console.error = (...args) => void printed.push(args);
  try {
    await fn();
  } finally {
    console.error = original;
  }
  return printed;
}
