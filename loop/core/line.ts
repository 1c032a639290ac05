// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isDirect } from "./async_context.ts";
// Type-only imports: scopes and task states refer to lines.
import type { Scope } from "./scope.ts";

/**
 * A line of execution: a chain of async calls. A task begins with one, and has more if its functions run concurrently,
 * as in `Promise.all()`.
 *
 * A line is identified by the async context of its code. If two lines share a context, the library takes the first one
 * that comes for the line it knows, and gives the other one a new line.
 */
export interface Line {
  /** The pending future that the line awaits; `null` while it runs or awaits something foreign; itself at its end. */
  at: object | null;
  /** The newest request to cancel that has reached the line. */
  reached: number;
  /** The line that it branched off from, or `null`. */
  readonly origin: Line | null;
  /** The stretch after reading a signal; `null` after an await on an object of the library. */
  stretch: Stretch | null;
}

/** The part of a line from reading a signal to its next await on an object of the library. */
export interface Stretch {
  /** The scopes whose signals were read. */
  readonly scopes: Set<Scope>;
  /** The scope of the line at that time. */
  readonly scope: Scope;
  /** The synchronous section of code in which a signal was last read. */
  section: number;
  /** Whether the line may have continued: code in the section that read the signal may be of another function. */
  isInDoubt: boolean;
  /** The abort that a foreign operation should obey, while the line is expected to continue in consequence. */
  abort: Abort | null;
}

/** The abort of a signal that a line has read. */
export interface Abort {
  /** The newest request that had reached the line before. */
  readonly before: number;
  /** The scopes with the requests. */
  readonly told: Set<Scope>;
}

/** Whether lines are told apart when `then` is read: publicly only once something was cancelled or foreign. */
export let areLinesMarked: boolean = isDirect;

/** Something was cancelled, or is foreign. */
export function markLines(): void {
  areLinesMarked = true;
}

/** The maximum number of remembered lines: of those under way, and of those that have read a signal. */
export const MAX_LINES = 64;

/** Beyond this depth a branch gets the origin of its origin: otherwise a loop that branches would keep all its past. */
const MAX_DEPTH = 16;

/** The number of the current synchronous section of code; sections are only counted after a read of a signal. */
export let section = 0;

/** A value that is not the number of any section. */
const OF_SCOPE = -1;

/** Called at the end of a synchronous section of code. */
export function endSection(): void {
  section++;
}

/** Counts the steps in which lines go on. */
export let step = 0;

/** A line goes on that has awaited something of the library. */
export function beginStep(): void {
  step++;
}

/** A line that branched off from another. */
export class BranchLine implements Line {
  at: object | null = null;
  stretch: Stretch | null = null;
  readonly origin: Line;
  readonly #depth: number;
  readonly #section: number;

  /** With `opensScope`, the line is that of the body of a scope. */
  constructor(from: Line, public reached: number, opensScope = false) {
    const depth = from instanceof BranchLine ? from.#depth + 1 : 1;
    const isDeep = depth > MAX_DEPTH;
    this.origin = isDeep ? from.origin! : from;
    this.#depth = isDeep ? MAX_DEPTH : depth;
    this.#section = opensScope ? OF_SCOPE : section;
  }

  /** The line of the code that began this one, and perhaps others before, by calls that it did not await. */
  get base(): Line {
    const section = this.#section;
    if (section === OF_SCOPE) return this;
    const { origin } = this;
    const isOfSection = origin instanceof BranchLine &&
      origin.#section === section;
    return isOfSection ? origin.base : origin;
  }
}

/** A line that a request has reached and that has not awaited anything since, with its scope at that time. */
export class LineUnderWay {
  /** The next one of the task. A linked list, as there are few and mostly one. */
  next: LineUnderWay | null = null;

  constructor(readonly line: Line, public scope: Scope) {}
}

/** Returns whether a line is another one, or branched off from it, directly or not. */
export function descendsFrom(line: Line | null, ancestor: Line): boolean {
  while (line !== null && line !== ancestor) line = line.origin;
  return line === ancestor;
}

/** A place in the body of a task, as recorded in the async context. */
export interface Spot {
  /** The innermost scope in which the code was called, open or not. */
  readonly scope: Scope;
  readonly line: Line;
  /** The newest request that had reached the line here; code that it called before it continued has seen no later ones. */
  readonly seen: number;
}

/** A {@linkcode Spot} that is not the beginning of a task. */
export class Mark implements Spot {
  constructor(
    readonly scope: Scope,
    readonly line: Line,
    readonly seen: number,
  ) {}
}

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
