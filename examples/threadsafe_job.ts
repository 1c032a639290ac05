// Copyright 2026 the asyncio for Deno authors. MIT license.

// The job that threadsafe.ts runs in another thread.

import {
  runCoroutineThreadsafe,
  type ThreadsafeLoop,
  waitFor,
} from "@asyncio/asyncio";

/** Calls both functions on the loop, and doubles the result of the first one. */
export async function job(
  loop: ThreadsafeLoop,
  ask: () => PromiseLike<number>,
  print: (text: string) => void,
): Promise<number> {
  // Called soon, without waiting for it
  loop.callSoonThreadsafe(print, "the thread asks");
  const future = runCoroutineThreadsafe(ask, loop);
  return 2 * await waitFor(future, 5); // cancels it when the limit expires
}
