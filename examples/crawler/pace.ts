// Copyright 2026 the asyncio for Deno authors. MIT license.

import { getRunningLoop, sleep } from "@asyncio/asyncio";

/** Lets something happen no more often than so many seconds apart. */
export class Pace {
  readonly #interval: number;
  /** When the next one may come. */
  #next = 0;

  constructor(interval: number) {
    this.#interval = interval;
  }

  /** Waits until it is the caller's turn. Who comes first is first. */
  async turn(): Promise<void> {
    const now = getRunningLoop().time();
    const turn = Math.max(now, this.#next);
    this.#next = turn + this.#interval;
    await sleep(turn - now);
  }
}
