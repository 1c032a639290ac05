// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Branch, currentCoroutine } from "../loop/scheduler.ts";
import { callingTask, cancelBranch, type Task } from "../loop/task.ts";

/** A part of the calling task that a time limit or a group may cancel, and what came of that. */
export class Scope {
  readonly task: Task<unknown>;
  /** How many requests to cancel there were before. */
  readonly requestsBefore: number;
  readonly #branch: Branch;
  #isBranchCancelled = false;

  /**
   * Begins in the calling task.
   *
   * @param claimsAll Whether it only awaits a promise, and is to cancel what that stands for.
   * @param members The tasks that must end before the scope does.
   */
  constructor(claimsAll = false, members: Iterable<Task<unknown>> = []) {
    this.task = callingTask()!;
    this.requestsBefore = this.task.cancelling();
    this.#branch = new Branch(currentCoroutine()!, claimsAll, members);
  }

  /** Calls a function as a part of the scope. */
  run<T>(fn: () => T): T {
    return this.#branch.run(fn);
  }

  /** Cancels what is in the scope. Called once. */
  cancel(): void {
    this.#isBranchCancelled = this.task[cancelBranch](this.#branch);
  }

  /** Takes that back; returns how many requests to cancel are left. Called in the scope. */
  uncancel(): number {
    if (!this.#isBranchCancelled) return this.task.uncancel();
    this.#branch.uncancel();
    return this.task.cancelling();
  }

  /** If there is a request to cancel from around the scope, it takes effect once more. */
  cancelAgain(): void {
    const requests = this.task.cancelling();
    if (requests === 0) return;
    const isOfBranches = requests === this.#branch.requests;
    const where = isOfBranches ? this.#branch.cancelled : null;
    this.#branch.coroutine.cancelAgain(where);
  }

  /** The scope is over. */
  close(): void {
    this.#branch.close();
  }
}
