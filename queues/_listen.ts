// Copyright 2026 the asyncio for Deno authors. MIT license.

import { makeCausedCancelledError } from "../loop/core/cancelled_error.ts";
import type { Scheduler } from "../loop/core/scheduler.ts";
import { isInstance } from "../loop/core/unknown_value.ts";
import {
  assertInstance,
  assertString,
  hasMethods,
  wrongType,
} from "../loop/core/validate.ts";
// Type-only import: events.ts listens.
import type { EmitterLike } from "./events.ts";

/** What to listen to, and until when. */
export interface Listening {
  readonly caller: string;
  readonly target: EventTarget | EmitterLike;
  readonly type: string;
  readonly signal: AbortSignal | undefined;
}

/** The functions that are called with what happens. */
export interface Reactions {
  /** Called with an event, or the first argument of an emitter's. */
  onEvent(event: unknown): void;
  /** Called with the `"error"` of an emitter. */
  onError(error: unknown): void;
  /** Called when the signal aborts, with the error to throw. */
  onAbort(error: unknown): void;
}

/** Throws unless the arguments of `events()` or `once()` are right. */
export function assertListening(
  { caller, target, type, signal }: Listening,
): void {
  if (!isEventTarget(target) && !isEmitter(target)) {
    throw wrongType(
      `The target of ${caller}()`,
      "an EventTarget, or an emitter with on() and off()",
      target,
    );
  }
  assertString(`The type of ${caller}()`, type);
  if (signal === undefined) return;
  assertInstance("The signal option", "an AbortSignal", AbortSignal, signal);
}

/** Listens until the function that it returns is called. If the signal has aborted, it does not begin to. */
export function listen(
  scheduler: Scheduler,
  { target, type, signal }: Listening,
  { onEvent, onError, onAbort }: Reactions,
): () => void {
  const abort = () => onAbort(makeCausedCancelledError(signal?.reason));
  if (signal?.aborted) {
    abort();
    return () => {};
  }
  const removals: (() => void)[] = [];
  const stop = () => {
    for (const remove of removals.splice(0)) {
      try {
        remove();
      } catch (exception) {
        scheduler.report({ message: "Removing a listener failed", exception });
      }
    }
  };
  const add = (
    from: EventTarget | EmitterLike,
    type: string,
    listener: (event: unknown) => void,
  ) => {
    if (isEventTarget(from)) {
      from.addEventListener(type, listener);
      removals.push(() => from.removeEventListener(type, listener));
    } else {
      from.on(type, listener);
      removals.push(() => from.off(type, listener));
    }
  };
  try {
    add(target, type, onEvent);
    if (!isEventTarget(target) && type !== "error") {
      add(target, "error", onError);
    }
    if (signal !== undefined) add(signal, "abort", abort);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

function isEventTarget(target: unknown): target is EventTarget {
  return isInstance(target, EventTarget) ||
    hasMethods(target, "addEventListener", "removeEventListener");
}

function isEmitter(target: unknown): target is EmitterLike {
  return hasMethods(target, "on", "off");
}
