// Copyright 2026 the asyncio for Deno authors. MIT license.

// Type-only imports: futures and scopes are relays.
import type { Future } from "./future.ts";
import type { CancelMessage } from "./scope.ts";

/** Something that is cancelled by cancelling the futures it waits for: a scope, or the future of a `gather()`. */
export interface Relay {
  /** Begins; returns the futures to cancel, in order. */
  [beginToRelay](message: CancelMessage): readonly Future<unknown>[];
  /** Called when cancelling one of them, given by its index, had an effect. */
  [relayed](index: number): void;
  /** Ends; `reached` is whether cancelling them had an effect. Returns the result of `cancel()`. */
  [endRelay](message: CancelMessage, reached: boolean): boolean;
  /** Ends early, because user code threw. */
  [interruptRelay](): void;
}

export const beginToRelay: unique symbol = Symbol("begin to relay");
export const relayed: unique symbol = Symbol("relayed");
export const endRelay: unique symbol = Symbol("end relay");
export const interruptRelay: unique symbol = Symbol("interrupt relay");

/** The relay of a future, or `null` if it must be cancelled by its method. */
export const asRelay: unique symbol = Symbol("as relay");

/** The scheduler that a future belongs to. */
export const home: unique symbol = Symbol("home");

/** Cancels a future by its method, which may be user code; `message` may be the error to throw. */
export function cancelWith(
  future: Future<unknown>,
  message: CancelMessage,
): boolean {
  try {
    return future.cancel(message as string | undefined);
  } catch (exception) {
    future[home].report({
      message: "The cancel() of a future failed",
      exception,
      future,
    });
    return false;
  }
}

/** A relay that has begun. */
class Leg {
  readonly targets: readonly Future<unknown>[];
  next = 0;
  reached = false;

  constructor(
    readonly relay: Relay,
    readonly previous: Leg | null,
    message: CancelMessage,
  ) {
    this.targets = relay[beginToRelay](message);
  }

  /** Records that cancelling the last target had an effect. */
  reach(): void {
    this.reached = true;
    this.relay[relayed](this.next - 1);
  }
}

/**
 * Cancels everything that a relay waits for, in the order of nested calls of `cancel()` but without recursion: a chain
 * of tasks may be longer than the stack.
 */
export function relayCancellation(
  relay: Relay,
  message: CancelMessage,
): boolean {
  let leg: Leg | null = new Leg(relay, null, message);
  try {
    while (true) {
      if (leg.next < leg.targets.length) {
        const target: Future<unknown> = leg.targets[leg.next++]!;
        const next: Relay | null = target[asRelay];
        if (next !== null) leg = new Leg(next, leg, message);
        else if (cancelWith(target, message)) leg.reach();
        continue;
      }
      const { relay, reached, previous }: Leg = leg;
      leg = previous;
      const result = relay[endRelay](message, reached);
      if (leg === null) return result;
      if (result) leg.reach();
    }
  } finally {
    for (; leg !== null; leg = leg.previous) leg.relay[interruptRelay]();
  }
}
