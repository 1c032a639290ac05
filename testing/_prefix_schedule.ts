// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Move, Strategy } from "./_strategy.ts";

/** Follows a prefix of given choices, then always takes the first move; records the alternatives. */
export class PrefixSchedule implements Strategy {
  readonly #given: readonly number[];
  /** The choice at each place that had one, and the number of moves there. */
  readonly #taken: { choice: number; of: number }[] = [];

  constructor(given: readonly number[]) {
    this.#given = given;
  }

  choose(moves: readonly Move[]): number {
    const of = moves.length;
    if (of === 1) return 0;
    const choice = Math.min(this.#given[this.#taken.length] ?? 0, of - 1);
    this.#taken.push({ choice, of });
    return choice;
  }

  /** Returns the prefixes that follow this schedule and then take another move at one later place. */
  *deviations(): Generator<number[]> {
    const choices = this.#taken.map(({ choice }) => choice);
    for (let i = this.#given.length; i < this.#taken.length; i++) {
      for (let choice = 1; choice < this.#taken[i]!.of; choice++) {
        yield [...choices.slice(0, i), choice];
      }
    }
  }
}
