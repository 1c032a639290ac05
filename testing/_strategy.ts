// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Task } from "../loop/core/task.ts";

/** What can happen next. */
export type Move =
  /** A task takes its next step, or, if it is `null`, the oldest callback runs. */
  | {
    readonly kind: "run";
    readonly task: Task<unknown> | null;
    readonly index: number;
  }
  /** A task is cancelled. */
  | { readonly kind: "cancel"; readonly task: Task<unknown> }
  /** The next timer is due, although others are not done yet. */
  | { readonly kind: "expire" };

/** Says what happens next in one schedule. */
export interface Strategy {
  /** The index of one of the moves: those that run something come first, in the order of the ready queue. */
  choose(moves: readonly Move[]): number;
  /** The index of the fault that strikes while everybody waits; `null` if none does. */
  whenIdle?(faults: readonly Move[]): number | null;
}
