// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../loop/core/future.ts";
import { currentSpot } from "../loop/core/task_state.ts";
import { shielded } from "./cancel_scope.ts";

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
