// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Task } from "../loop/core/task.ts";

/** A possible next event. */
export type Move =
  /** A task takes its next step, or, if it is `null`, the oldest callback runs. */
  | {
    readonly kind: "run";
    readonly task: Task<unknown> | null;
    readonly index: number;
  }
  /** A task is cancelled. */
  | { readonly kind: "cancel"; readonly task: Task<unknown> }
  /** The next timer expires although something is still ready. */
  | { readonly kind: "expire" };

/** Chooses the events of one schedule. */
export interface Strategy {
  /** Returns the index of a move. The moves that run something come first, in the order of the ready queue. */
  choose(moves: readonly Move[]): number;
  /** Returns the index of a fault to inject while every task waits; `null` for none. */
  whenIdle?(faults: readonly Move[]): number | null;
}
