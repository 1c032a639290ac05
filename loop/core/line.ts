// Copyright 2026 the asyncio for Deno authors. MIT license.

// Type-only imports: scopes and coroutines are made of lines.
import type { Scope } from "./scope.ts";

/**
 * A line of execution: a chain of async calls. A task begins with one, and has more where its functions run
 * concurrently, as in `Promise.all()`.
 *
 * A line is known by the async context of its code. Where that of two lines is the same, the library takes the first
 * to come for the line that it knows, and gives the other a line of its own.
 */
export interface Line {
  /** The pending future that the line awaits; `null` while it runs or awaits something foreign; itself at its end. */
  at: object | null;
  /** The newest request to cancel that has reached the line. */
  reached: number;
  /** The line that it branched off from, or `null`. */
  readonly origin: Line | null;
  /** What it has read a signal for, since it last awaited something of the library. */
  stretch: Stretch | null;
}

/** The part of a line from reading a signal to its next await of something of the library. */
export interface Stretch {
  /** The scopes whose signals were read. */
  readonly scopes: Set<Scope>;
  /** Where the line was then. */
  readonly scope: Scope;
  /** The synchronous section of code that has read one last. */
  section: number;
  /** Whether the line may have gone on: what did in the section that read the signal may be another function. */
  isInDoubt: boolean;
  /** The abort that something foreign is to obey, while the line is expected to go on in consequence. */
  abort: Abort | null;
}

/** What a signal has told a line. */
export interface Abort {
  /** What had reached the line before. */
  readonly before: number;
  /** The scopes with the requests. */
  readonly told: Set<Scope>;
}

/** Beyond this depth a branch stands beside its origin: otherwise a loop that branches would keep all its past. */
const MAX_DEPTH = 16;

/** Counts the synchronous sections of code, as far as that is of interest. */
export let section = 0;

/** In place of that count. */
const OF_SCOPE = -1;

/** A synchronous section of code is over. */
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

  /** The line of the code that made this one, and perhaps others before, by calling functions without awaiting them. */
  get base(): Line {
    const section = this.#section;
    if (section === OF_SCOPE) return this;
    const { origin } = this;
    const isOfSection = origin instanceof BranchLine &&
      origin.#section === section;
    return isOfSection ? origin.base : origin;
  }
}

/** Whether a line is another one, or branched off from it, directly or not. */
export function descendsFrom(line: Line | null, ancestor: Line): boolean {
  while (line !== null && line !== ancestor) line = line.origin;
  return line === ancestor;
}

/** A place in a task's body, as the async context records it. */
export interface Spot {
  /** The innermost scope that the code was called in, whether or not that is still open. */
  readonly scope: Scope;
  readonly line: Line;
  /** What had reached the line when it came here: code that it called before it went on has seen no more. */
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
