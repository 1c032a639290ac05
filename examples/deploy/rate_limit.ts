// Copyright 2026 the asyncio for Deno authors. MIT license.

import { getEventLoop } from "@asyncio/asyncio";

/** The allowance of a client. */
interface Allowance {
  left: number;
  /** The time of the allowance. */
  time: number;
}

/** The number of clients after which those with a full allowance are forgotten. */
const MANY = 10_000;

/** Limits how often each client may do something, with bursts. */
export class RateLimit {
  readonly #rate: number;
  readonly #burst: number;
  readonly #allowances = new Map<string, Allowance>();

  /**
   * @param rate The number of times a second.
   * @param burst The number of times at once, after a pause.
   */
  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#burst = burst;
  }

  /** Returns 0 if the client may do it, otherwise the number of seconds to wait. */
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
