// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Generates random numbers from a seed: splitmix32, whose seeds are all equally good. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Returns a number from 0 to less than 1. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let t = this.#state ^ (this.#state >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return ((t ^ (t >>> 15)) >>> 0) / 2 ** 32;
  }

  /** Returns an integer from 0 to less than `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
}

/** Derives the seed number `index` from a seed. */
export function seedOf(seed: number, index: number): number {
  return new Random(Math.imul(seed | 0, 0x85ebca6b) ^ index).below(2 ** 32);
}
