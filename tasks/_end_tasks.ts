// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Future, homeOf, observe, thrownBy } from "../loop/core/future.ts";
import { currentSpot } from "../loop/core/task_state.ts";
import { shielded } from "./cancel_scope.ts";
import { cancelWith } from "../loop/core/_relay.ts";
import { CancelledError } from "../loop/core/cancelled_error.ts";
import type { Task } from "../loop/core/task.ts";
import { isInstance } from "../loop/core/unknown_value.ts";

/**
 * Lets code wait for what must end in any case, each time that it was cancelled again. In a persistent scope that is
 * cancelled every wait throws at once: there it waits behind a shield, instead of in circles.
 */
export class Patience {
  #newest = 0;
  #needsShield = false;

  /** Waits for a future; called again after each cancellation. */
  wait(future: Future<void>): PromiseLike<void | undefined> {
    return this.#needsShield ? shielded(() => future) : future;
  }

  /** Called when that was cancelled. */
  interrupted(): void {
    const newest = currentSpot()?.scope.nearestOpen().newestAround() ?? 0;
    // No new request: the last one persists.
    this.#needsShield = newest === this.#newest;
    this.#newest = newest;
  }
}

/**
 * Cancels tasks, in order, and awaits them, however often the calling code is cancelled in the meantime.
 *
 * @param tasks The tasks; those that are done are left alone.
 * @throws {CancelledError} After all have ended, if the calling code was cancelled in the meantime.
 */
export async function endTasks(tasks: Iterable<Task<unknown>>): Promise<void> {
  const running = [...tasks].filter((task) => !task.done());
  for (const task of running) cancelWith(task, undefined);
  await untilDone(running);
}

/**
 * Awaits tasks, however often the calling code is cancelled in the meantime.
 *
 * @param tasks The tasks.
 * @throws {CancelledError} After all have ended, if the calling code was cancelled in the meantime.
 */
export async function untilDone(
  tasks: Iterable<Task<unknown>>,
): Promise<void> {
  const patience = new Patience();
  let cancellation: CancelledError | null = null;
  for (const task of [...tasks]) {
    while (!task.done()) {
      const done = new Future<void>({ loop: task.getLoop() });
      observe(task, () => void (done.done() || done.setResult()));
      try {
        await patience.wait(done);
      } catch (error) {
        if (!isInstance(error, CancelledError)) throw error;
        patience.interrupted();
        cancellation = error;
      }
    }
  }
  if (cancellation !== null) throw cancellation;
}

/** Passes what a task threw, if it failed, to the exception handler; `name` is what the task belongs to. */
export function reportFailure(task: Task<unknown>, name: string): void {
  if (task.cancelled() || task.exception() === null) return;
  homeOf(task).report({
    message: `A task of ${name} failed when it was cancelled`,
    exception: thrownBy(task),
    task,
  });
}
