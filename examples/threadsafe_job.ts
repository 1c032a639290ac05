// Copyright 2026 the asyncio for Deno authors. MIT license.

// What threadsafe.ts has done in another thread.

import {
  runCoroutineThreadsafe,
  type ThreadsafeLoop,
  waitFor,
} from "@asyncio/asyncio";

/** Has the loop call both functions, and doubles what the first gives. */
export async function job(
  loop: ThreadsafeLoop,
  ask: () => PromiseLike<number>,
  print: (text: string) => void,
): Promise<number> {
  // Is called soon, and not waited for
  loop.callSoonThreadsafe(print, "the thread asks");
  const future = runCoroutineThreadsafe(ask, loop);
  return 2 * await waitFor(future, 5); // cancels it when the time is over
}
