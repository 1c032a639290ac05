// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { CancelMessage } from "./scope.ts";

export const PENDING = 0;
export const FULFILLED = 1;
export const FAILED = 2;
export const CANCELLED = 3;

/** How a future stands. */
export type State =
  | typeof PENDING
  | typeof FULFILLED
  | typeof FAILED
  | typeof CANCELLED;

/** How the states are called in messages. */
export const STATE_NAMES = [
  "pending",
  "finished",
  "failed",
  "cancelled",
] as const;

/** How an operation ends. */
export class Settlement {
  constructor(
    readonly state: Exclude<State, typeof PENDING>,
    readonly outcome: unknown,
  ) {}
}

/** A settlement with a result. */
export function withResult(result: unknown): Settlement {
  return new Settlement(FULFILLED, result);
}

/** A settlement with an error. */
export function withError(error: unknown): Settlement {
  return new Settlement(FAILED, error);
}

/** A settlement by cancellation. */
export function withCancellation(message: CancelMessage): Settlement {
  return new Settlement(CANCELLED, message);
}
