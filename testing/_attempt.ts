// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../loop/core/cancelled_error.ts";
import { RuntimeError } from "../loop/core/errors.ts";
import { schedulerOf } from "../loop/core/scheduler.ts";
import { unfinishedTasks } from "../loop/core/task.ts";
import { isInstance, textOf } from "../loop/core/unknown_value.ts";
import { wait } from "../tasks/wait.ts";
import { type ExplorationLimits, ExploringLoop } from "./_exploring_loop.ts";
import type { Strategy } from "./_strategy.ts";
import { HangError } from "./hang_error.ts";
import type { MemoryNetwork } from "./network/memory_network.ts";

/** The outcome of one schedule. */
export interface Attempt {
  /** The first failure, if any. */
  readonly failure: { readonly error: unknown } | null;
  readonly trace: readonly string[];
}

/** The options of {@linkcode attempt}. */
export interface AttemptOptions {
  readonly debug?: boolean;
  readonly network?: MemoryNetwork | undefined;
}

/** Runs a body once, in the order that a strategy chooses. */
export async function attempt(
  body: (loop: ExploringLoop) => unknown,
  strategy: Strategy,
  limits: ExplorationLimits,
  { debug = false, network }: AttemptOptions = {},
): Promise<Attempt> {
  const loop = new ExploringLoop(strategy, limits, network);
  if (debug) loop.setDebug(true);
  const failures: unknown[] = [];
  loop.setExceptionHandler((_, { exception, message }) => {
    failures.push(exception ?? new Error(message));
  });
  try {
    await loop.runUntilComplete(async () => void await body(loop));
  } catch (error) {
    failures.unshift(error);
  }
  const { trace } = loop;
  loop.settleDown();
  const steps = trace.slice();
  try {
    await endTasks(loop);
  } catch (error) {
    failures.push(error);
  }
  loop.close();
  const failure = failures.length === 0 ? null : { error: failures[0] };
  return { failure, trace: steps };
}

/**
 * Returns the more informative of two attempts: the one in debug mode, if it failed in the same way. Debug mode
 * refuses some calls that are allowed otherwise.
 */
export function moreTelling(found: Attempt, inDebugMode: Attempt): Attempt {
  const error = found.failure?.error;
  const again = inDebugMode.failure?.error;
  // In debug mode the message of a HangError has line numbers.
  const isSame = isInstance(error, HangError)
    ? isInstance(again, HangError)
    : textOf(error) === textOf(again);
  return isSame ? inDebugMode : found;
}

/** Cancels the tasks that the body left behind, and waits for them. */
async function endTasks(loop: ExploringLoop): Promise<void> {
  const tasks = unfinishedTasks(schedulerOf(loop));
  if (tasks.length === 0) return;
  for (const task of tasks) task.cancel();
  try {
    await loop.runUntilComplete(() => wait(tasks));
  } catch (cause) {
    throw new RuntimeError(
      `A leftover task did not end when it was cancelled: ${textOf(cause)}`,
      { cause },
    );
  }
  for (const task of tasks) {
    if (task.cancelled()) continue;
    const error = task.exception();
    if (error !== null && !isInstance(error, CancelledError)) throw error;
  }
}
