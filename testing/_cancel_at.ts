// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Move, Strategy } from "./_strategy.ts";

/** When a cancellation strikes: while the task waits, or when it is about to go on. */
export type Moment = "waiting" | "woken";

/** The ordinary schedule, in which the one task that may be cancelled is, at one of its `await`s. */
export class CancelAt implements Strategy {
  readonly #at: number;
  readonly #moment: Moment;
  /** How many steps the task has taken; it is suspended for the n-th time after so many. */
  #steps = 0;
  #isDone = false;

  /** At its `at`-th `await`; 0 for before it begins, and more than there are for never. */
  constructor(at: number, moment: Moment) {
    this.#at = at;
    this.#moment = moment;
  }

  /** How many times the task has been suspended, or has ended. */
  get steps(): number {
    return this.#steps;
  }

  /** Whether the cancellation has struck. */
  get isDone(): boolean {
    return this.#isDone;
  }

  choose(moves: readonly Move[]): number {
    const fault = moves.findIndex(({ kind }) => kind === "cancel");
    const first = moves[0]!;
    const victim = fault === -1 ? null : taskOf(moves[fault]!);
    const isNext = victim !== null && taskOf(first) === victim;
    const isDue = !this.#isDone && victim !== null && this.#steps === this.#at;
    if (isDue && (this.#moment === "waiting" || isNext)) {
      this.#isDone = true;
      return fault;
    }
    if (isNext) this.#steps++;
    return 0;
  }

  whenIdle(faults: readonly Move[]): number | null {
    const fault = faults.findIndex(({ kind }) => kind === "cancel");
    if (
      this.#isDone || fault === -1 || this.#moment === "woken" ||
      this.#steps !== this.#at
    ) return null;
    this.#isDone = true;
    return fault;
  }
}

function taskOf(move: Move): object | null {
  return move.kind === "expire" ? null : move.task;
}
