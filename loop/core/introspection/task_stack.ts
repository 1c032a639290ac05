// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Below,
  captureStack,
  describeFrame,
  type FrameCallGraphEntry,
  framesOfBody,
  suspendedFrames,
} from "./source_stacks.ts";
import { failureOf, type Future, homeOf, observingFutures } from "../future.ts";
import { currentTaskState } from "../task_state.ts";
import { textAt, textOf } from "../unknown_value.ts";
import { assertInteger } from "../validate.ts";

/** Returns the frames of a task, outermost first, at most `limit`. */
export function stackOf(
  task: Future<unknown>,
  limit: number | null,
  below: Below,
): FrameCallGraphEntry[] {
  if (limit !== null) assertInteger("The limit of a stack", limit, 0);
  const frames = framesOf(task, below).reverse();
  if (limit === null || limit >= frames.length) return frames;
  // As in asyncio: the newest frames of a stack, the oldest of an exception.
  return task.done()
    ? frames.slice(0, limit)
    : frames.slice(frames.length - limit);
}

/** Describes the frames of a task. */
export function describeStack(
  task: Future<unknown>,
  limit: number | null,
  below: Below,
): string {
  const frames = stackOf(task, limit, below);
  const failure = failureOf(task);
  const isKnown = frames.length > 0;
  const headline = failure !== undefined
    ? `Stack of the exception of ${task}${isKnown ? ", innermost last" : ""}:`
    : isKnown
    ? `Stack of ${task}, innermost last:`
    : `No stack of ${task}${reason(task)}`;
  const lines = frames.map((frame) => `    at ${describeFrame(frame)}`);
  if (failure !== undefined) lines.push(textOf(failure.error));
  return [headline, ...lines].join("\n");
}

function framesOf(task: Future<unknown>, below: Below): FrameCallGraphEntry[] {
  if (!task.done()) {
    return currentTaskState()?.task === task
      ? framesOfBody(captureStack(below).stack)
      : suspendedFrames(task);
  }
  const error = failureOf(task)?.error;
  return framesOfBody(textAt(error, "stack"));
}

function reason(task: Future<unknown>): string {
  if (task.done()) return "";
  return !homeOf(task).debug
    ? ": where a suspended task is, is known in debug mode: run(main, { debug: true })"
    : ": it awaits nothing of this library";
}

/** Registered awaiters of futures, beyond those that a future itself knows. */
const registered = new WeakMap<object, Set<Future<unknown>>>();

/** Registers that `waiter` awaits `future`. */
export function addAwaiter(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  const waiters = registered.get(future);
  if (waiters === undefined) registered.set(future, new Set([waiter]));
  else waiters.add(waiter);
}

/** Removes the registration of `waiter`. */
export function discardAwaiter(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  registered.get(future)?.delete(waiter);
}

/** Returns the tasks and futures that await a future, in the order of their registration. */
export function awaitersOf(future: Future<unknown>): Set<Future<unknown>> {
  return new Set([
    ...observingFutures(future),
    ...registered.get(future) ?? [],
  ]);
}
