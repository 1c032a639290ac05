// Copyright 2026 the asyncio for Deno authors. MIT license.

// Type-only import: the reads of futures are counted here.
import type { Future } from "./future.ts";
import { endSection } from "./line.ts";
import { arrive, passThrough } from "./task_state.ts";

// `await` reads `then` at once and calls it in a microtask of its own, whereas a program that writes
// `future.then(f)` calls it at once. So the two can be told apart: `await` resumes its caller by itself
// in the right async context, `f` needs that from us.

/** The future whose `then` was read in this microtask, or `null`. */
let justRead: Future<unknown> | null = null;

/** How often, in this step, `then` was read and what that gave is yet to be called. */
export let outstandingReads = 0;

/** The future's `then` was read. */
export function noteRead(future: Future<unknown>, isPending: boolean): void {
  if (isPending) arrive(future);
  else passThrough();
  if (justRead === null) queueMicrotask(forgetRead);
  justRead = future;
  outstandingReads++;
}

function forgetRead(): void {
  justRead = null;
  endSection();
}

/** Other code has its turn: what was read before is none of its awaits. */
export function forgetReads(): void {
  outstandingReads = 0;
}

/** `then` is called; returns whether `await` does so, and not user code. */
export function isCalledByAwait(
  future: Future<unknown>,
  onFulfilled: unknown,
  onRejected: unknown,
): boolean {
  if (justRead !== future && isCalledLater(onFulfilled, onRejected)) {
    return false;
  }
  if (outstandingReads > 0) outstandingReads--;
  return justRead !== future;
}

/**
 * Whether user code took `then` from a future before and calls it now, which `await` seems to do, too. `await`
 * passes two functions of the engine, and calls in the step in which it read.
 */
function isCalledLater(onFulfilled: unknown, onRejected: unknown): boolean {
  if (typeof onRejected !== "function") return true;
  // Code outside of steps may have been overtaken by one, so this alone is no proof.
  return outstandingReads === 0 &&
    !(isOfEngine(onFulfilled) && isOfEngine(onRejected));
}

function isOfEngine(fn: unknown): boolean {
  return typeof fn === "function" && fn.name === "" &&
    /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn));
}
