// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Random } from "./_random.ts";
import type { Move, Strategy } from "./_strategy.ts";

/** The shape of a random schedule. */
export interface RandomPlan {
  /** The approximate number of steps. */
  readonly steps: number;
  /** The largest number of cancellations and expired timers. */
  readonly faults: number;
}

/** Cancellations and expired timers at a few random steps. */
class Faults {
  readonly #random: Random;
  readonly #steps: Set<number>;
  #step = 0;

  constructor(random: Random, { steps, faults }: RandomPlan) {
    this.#random = random;
    const count = random.below(faults + 1);
    this.#steps = new Set(
      Array.from({ length: count }, () => random.below(steps)),
    );
  }

  /** Returns the index of the fault of this step; -1 if there is none. */
  next(moves: readonly Move[]): number {
    if (!this.#steps.has(this.#step++)) return -1;
    const first = moves.findIndex(({ kind }) => kind !== "run");
    return first === -1 ? -1 : first + this.#random.below(moves.length - first);
  }
}

/** Chooses among what is ready with equal probability. */
export class RandomWalk implements Strategy {
  readonly #random: Random;
  readonly #faults: Faults;

  constructor(random: Random, plan: RandomPlan) {
    this.#random = random;
    this.#faults = new Faults(random, plan);
  }

  choose(moves: readonly Move[]): number {
    const fault = this.#faults.next(moves);
    return fault === -1 ? this.#random.below(runsIn(moves)) : fault;
  }
}

/** How often a task may run again while others are ready. It may be waiting for them in a loop. */
const MAX_RUN = 20;

/**
 * Gives every task a priority and chooses the highest; at a few random steps, that one falls to the lowest
 * (probabilistic concurrency testing). Most bugs need only one or two such changes at the right places, and the
 * probability of hitting them does not shrink with the number of tasks.
 */
export class Priorities implements Strategy {
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #priorities = new Map<object | null, number>();
  readonly #changes: Set<number>;
  #lowest = 0;
  #step = 0;
  #last: object | null | undefined = undefined;
  #run = 0;

  constructor(random: Random, plan: RandomPlan, changes: number) {
    this.#random = random;
    this.#faults = new Faults(random, plan);
    this.#changes = new Set(
      Array.from({ length: changes }, () => random.below(plan.steps)),
    );
  }

  choose(moves: readonly Move[]): number {
    const fault = this.#faults.next(moves);
    if (fault !== -1) return fault;
    let best = this.#highest(moves);
    if (this.#isChangeDue(moves, best)) {
      this.#priorities.set(ownerIn(moves, best), --this.#lowest);
      best = this.#highest(moves);
    }
    this.#note(ownerIn(moves, best));
    return best;
  }

  #highest(moves: readonly Move[]): number {
    let best = 0;
    for (let i = 1; i < runsIn(moves); i++) {
      const isHigher = this.#priorityOf(ownerIn(moves, i)) >
        this.#priorityOf(ownerIn(moves, best));
      if (isHigher) best = i;
    }
    return best;
  }

  #isChangeDue(moves: readonly Move[], best: number): boolean {
    const isMonopolizing = this.#run >= MAX_RUN &&
      this.#last === ownerIn(moves, best);
    return this.#changes.has(this.#step++) || isMonopolizing;
  }

  #note(owner: object | null): void {
    this.#run = this.#last === owner ? this.#run + 1 : 0;
    this.#last = owner;
  }

  #priorityOf(owner: object | null): number {
    let priority = this.#priorities.get(owner);
    if (priority === undefined) {
      priority = this.#random.next();
      this.#priorities.set(owner, priority);
    }
    return priority;
  }
}

function runsIn(moves: readonly Move[]): number {
  const first = moves.findIndex(({ kind }) => kind !== "run");
  return first === -1 ? moves.length : first;
}

function ownerIn(moves: readonly Move[], index: number): object | null {
  const move = moves[index]!;
  return move.kind === "run" ? move.task : null;
}
