// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Move, Strategy } from "./_strategy.ts";

/** The point at which a task is cancelled. */
export interface CancellationPoint {
  /** The number of the `await`; 0 is before the first step, and `Infinity` is never. */
  readonly at: number;
  /** While the task waits, or after its wake-up and before it resumes. */
  readonly moment: "waiting" | "woken";
}

/** The ordinary schedule, except that the one cancellable task is cancelled at one point. */
export class CancelAt implements Strategy {
  readonly #point: CancellationPoint;
  /** How many steps the task has taken. Its n-th `await` ends its n-th step. */
  #steps = 0;
  #isDone = false;

  constructor(point: CancellationPoint) {
    this.#point = point;
  }

  /** Whether the task has been cancelled. */
  get isDone(): boolean {
    return this.#isDone;
  }

  choose(moves: readonly Move[]): number {
    const fault = moves.findIndex(({ kind }) => kind === "cancel");
    const first = moves[0]!;
    const victim = fault === -1 ? null : taskOf(moves[fault]!);
    const isNext = victim !== null && taskOf(first) === victim;
    const isDue = !this.#isDone && victim !== null &&
      this.#steps === this.#point.at;
    if (isDue && (this.#point.moment === "waiting" || isNext)) {
      this.#isDone = true;
      return fault;
    }
    if (isNext) this.#steps++;
    return 0;
  }

  whenIdle(faults: readonly Move[]): number | null {
    const fault = faults.findIndex(({ kind }) => kind === "cancel");
    if (
      this.#isDone || fault === -1 || this.#point.moment === "woken" ||
      this.#steps !== this.#point.at
    ) return null;
    this.#isDone = true;
    return fault;
  }
}

function taskOf(move: Move): object | null {
  return move.kind === "expire" ? null : move.task;
}
