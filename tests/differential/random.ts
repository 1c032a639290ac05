// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Random numbers that a seed determines (Mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `least` up to and with `most`. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** Whether something happens that has a probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of several. */
  choose<T>(values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)]!;
  }
}
