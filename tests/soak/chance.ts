// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError, createTask, sleep, wait } from "../../mod.ts";

/** The outcomes of the operations of an activity. */
export interface Tally {
  done: number;
  cancelled: number;
  failed: number;
}

/** A random number of seconds, mostly a short one. */
export function moment(most: number): number {
  return most * Math.random() ** 3;
}

/** Repeats an operation, cancels half of the calls at a random moment, and counts the outcomes. */
export async function again(
  tally: Tally,
  work: () => Promise<unknown>,
  { within, isExpected }: {
    within: number;
    isExpected: (error: Error) => boolean;
  },
): Promise<never> {
  while (true) {
    const task = createTask(work);
    // Even if this one is cancelled at its every `await`.
    task.addDoneCallback(() => task.cancelled() || task.exception());
    try {
      if (Math.random() < 0.5) await wait([task], { timeout: moment(within) });
      else await wait([task]);
    } finally {
      task.cancel();
      await wait([task]);
    }
    if (task.cancelled()) tally.cancelled++;
    else {
      const error = task.exception();
      if (error === null) tally.done++;
      else if (isExpected(error)) tally.failed++;
      else if (!(error instanceof CancelledError)) throw error;
    }
    await sleep(0);
  }
}
