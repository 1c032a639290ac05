// Copyright 2026 the asyncio for Deno authors. MIT license.

import { getEventLoop } from "@asyncio/asyncio";

/** How much a client may do. */
interface Allowance {
  left: number;
  /** When that was. */
  time: number;
}

/** How many clients are remembered before those are forgotten who may do all again. */
const MANY = 10_000;

/** Lets each client do something so often, and now and then more at once. */
export class RateLimit {
  readonly #rate: number;
  readonly #burst: number;
  readonly #allowances = new Map<string, Allowance>();

  /**
   * @param rate How often in a second.
   * @param burst How often at once, after a pause.
   */
  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#burst = burst;
  }

  /** Returns 0 if the client may do it, or else in how many seconds it may. */
  take(client: string): number {
    const time = getEventLoop().time();
    if (this.#allowances.size >= MANY) this.#forget(time);
    const left = this.#leftAt(time, client);
    if (left < 1) return (1 - left) / this.#rate;
    this.#allowances.set(client, { left: left - 1, time });
    return 0;
  }

  #leftAt(now: number, client: string): number {
    const allowance = this.#allowances.get(client);
    if (allowance === undefined) return this.#burst;
    const { left, time } = allowance;
    return Math.min(this.#burst, left + (now - time) * this.#rate);
  }

  #forget(now: number): void {
    for (const client of this.#allowances.keys()) {
      if (this.#leftAt(now, client) >= this.#burst) {
        this.#allowances.delete(client);
      }
    }
  }
}
