// Copyright 2026 the asyncio for Deno authors. MIT license.

import { endSection } from "./line.ts";

// `await` reads `then` at once and calls it in a later microtask. `future.then(f)` in user code reads and calls it
// at once. The difference matters: `await` resumes its caller in the right async context, whereas the library must
// restore that of `f`.

/** Whether `then` of a future was read in this synchronous section of code. */
let wasJustRead = false;

/** How many reads of `then` in this step have not been followed by a call yet. */
export let outstandingReads = 0;

/** Records that `then` of a future was read. */
export function noteRead(): void {
  if (!wasJustRead) queueMicrotask(forgetRead);
  wasJustRead = true;
  outstandingReads++;
}

function forgetRead(): void {
  wasJustRead = false;
  endSection();
}

/** Forgets the reads when other code gets its turn: they are not followed by awaits of that code. */
export function forgetReads(): void {
  outstandingReads = 0;
}

/** Returns whether a call of `then` comes from `await`, rather than from user code. */
export function isCalledByAwait(
  onFulfilled: unknown,
  onRejected: unknown,
): boolean {
  if (!wasJustRead && isCalledLater(onFulfilled, onRejected)) {
    return false;
  }
  if (outstandingReads > 0) outstandingReads--;
  return !wasJustRead;
}

/**
 * Whether user code kept `then` of a future and calls it later, which looks like an `await`. But `await` passes two
 * functions of the engine, and calls in the step in which it read.
 */
function isCalledLater(onFulfilled: unknown, onRejected: unknown): boolean {
  if (typeof onRejected !== "function") return true;
  // A step may have run in between, before code outside steps made its call; so the count alone does not tell.
  return outstandingReads === 0 &&
    !(isOfEngine(onFulfilled) && isOfEngine(onRejected));
}

function isOfEngine(fn: unknown): boolean {
  return typeof fn === "function" && fn.name === "" &&
    /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn));
}
