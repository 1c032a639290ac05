// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop, ExceptionContext } from "../../loop/mod.ts";

/**
 * Records the calls of a loop's exception handler.
 *
 * @param loop The loop.
 * @returns The contexts so far; the array grows.
 */
export function recordExceptions(loop: EventLoop): ExceptionContext[] {
  const contexts: ExceptionContext[] = [];
  loop.setExceptionHandler((_, context) => void contexts.push(context));
  return contexts;
}

/**
 * Runs a function and returns its calls of `console.error()`.
 *
 * @param fn The function.
 * @returns The arguments of each call.
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
