// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Event } from "../../../mod.ts";

/** A barrier that releases a returning task while the previous round has not left yet. */
export class HastyBarrier {
  readonly #parties: number;
  readonly #full = new Event();
  #count = 0;

  constructor(parties: number) {
    this.#parties = parties;
  }

  async wait(): Promise<void> {
    this.#count++;
    if (this.#count === this.#parties) this.#full.set();
    await this.#full.wait();
    this.#count--;
    if (this.#count === 0) this.#full.clear();
  }
}
