// Copyright 2026 the asyncio for Deno authors. MIT license.

import { inVirtualTime } from "../../testing/mod.ts";

/**
 * Runs a test in virtual time whose clock waits for nothing from outside: the promises that the test awaits settle in
 * virtual time, too.
 */
export function inImpatientTime<T>(
  test: () => T | PromiseLike<T>,
): () => Promise<T> {
  return inVirtualTime(test, { patience: 0.02 });
}
