// Copyright 2026 the asyncio for Deno authors. MIT license.

import { getRunningLoop, sleep } from "@asyncio/asyncio";

/** Keeps calls a number of seconds apart. */
export class Pace {
  readonly #interval: number;
  /** The time of the next call. */
  #next = 0;

  constructor(interval: number) {
    this.#interval = interval;
  }

  /** Waits for the caller's turn, first come, first served. */
  async turn(): Promise<void> {
    const now = getRunningLoop().time();
    const turn = Math.max(now, this.#next);
    this.#next = turn + this.#interval;
    await sleep(turn - now);
  }
}
