// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { TaskState } from "../loop/core/task_state.ts";

/** A guard that may be in a list. An interface: a base class would cost as much as the list. */
export interface ListedGuard {
  /** The task that acquired it, for snapshots. */
  readonly holder: TaskState | null;
  older: ListedGuard | null;
  newer: ListedGuard | null;
}

/**
 * The guards of a primitive that several tasks may hold, for snapshots. Its links are in the guards: with a set,
 * acquiring and releasing a semaphore took a quarter longer.
 */
export class GuardList {
  #newest: ListedGuard | null = null;
  #isClosed = false;

  add(guard: ListedGuard): void {
    if (this.#isClosed) return;
    const older = this.#newest;
    guard.older = older;
    if (older !== null) older.newer = guard;
    this.#newest = guard;
  }

  remove(guard: ListedGuard): void {
    const { older, newer } = guard;
    if (newer !== null) newer.older = older;
    else if (this.#newest === guard) this.#newest = older;
    if (older !== null) older.newer = newer;
    guard.older = guard.newer = null;
  }

  /** Removes all guards, and takes no more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    while (this.#newest !== null) this.remove(this.#newest);
  }

  /** Returns the tasks that hold the guards, oldest first; `undefined` if that is not known any more. */
  holders(): (TaskState | null)[] | undefined {
    if (this.#isClosed) return undefined;
    const holders = [];
    for (let guard = this.#newest; guard !== null; guard = guard.older) {
      holders.push(guard.holder);
    }
    return holders.reverse();
  }
}
