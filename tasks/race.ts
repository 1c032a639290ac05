// Copyright 2026 the asyncio for Deno authors. MIT license.

import { KeyboardInterrupt } from "../loop/core/errors.ts";
import { groupOf, summaryOf } from "../loop/core/exception_group.ts";
import {
  failureOf,
  Future,
  markRetrieved,
  observe,
  thrownBy,
} from "../loop/core/future.ts";
import { callingTask, type Task } from "../loop/core/task.ts";
import { isInstance, textAt } from "../loop/core/unknown_value.ts";
import { outOfRange, wrongType } from "../loop/core/validate.ts";
import { endTasks, reportFailure } from "./_end_tasks.ts";
import { createTask } from "./create_task.ts";

/**
 * The type of the result of {@linkcode race} and {@linkcode firstSuccess}: that of any of the functions.
 *
 * @category Waiting for several
 */
export type RaceResult<F extends readonly (() => unknown)[]> = Awaited<
  ReturnType<F[number]>
>;

/**
 * Runs functions concurrently until the first one settles, and returns its result or throws its error.
 *
 * Each function runs as a task. The others are cancelled and awaited before the call returns, so their `finally` blocks
 * have run. Their errors in the meantime go to the exception handler. Cancelling the awaiting task cancels and awaits all.
 *
 * @typeParam F The type of the functions.
 * @param fns The functions, at least one.
 * @returns The result of the first function that settles.
 * @throws {RangeError} If there is no function.
 * @throws {TypeError} If `fns` is not an array of functions.
 *
 * @example Usage
 * ```ts
 * import { race, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const winner = await race([
 *   () => sleep(3600, "the network"),
 *   () => sleep(0.001, "the cache"),
 * ]);
 * assertEquals(winner, "the cache");
 * ```
 *
 * @category Waiting for several
 */
export async function race<F extends readonly (() => unknown)[]>(
  fns: F,
): Promise<RaceResult<F>> {
  const { winner } = await untilDecided("race", fns, () => true);
  return resultOf(winner!) as RaceResult<F>;
}

/**
 * Runs functions concurrently until the first one succeeds, and returns its result.
 *
 * Each function runs as a task. The others are cancelled and awaited before the call returns, so their `finally` blocks
 * have run. Their errors in the meantime go to the exception handler. A `KeyboardInterrupt` ends all at once and is
 * thrown. Cancelling the awaiting task cancels and awaits all.
 *
 * @typeParam F The type of the functions.
 * @param fns The functions, at least one.
 * @returns The result of the first function that succeeds.
 * @throws {ExceptionGroup} If none succeeds: the errors of all, in the order of the functions.
 * @throws {RangeError} If there is no function.
 * @throws {TypeError} If `fns` is not an array of functions.
 *
 * @example Usage
 * ```ts
 * import { firstSuccess, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const answer = await firstSuccess([
 *   () => Promise.reject(new Deno.errors.ConnectionRefused()),
 *   () => sleep(0.001, "from the second mirror"),
 * ]);
 * assertEquals(answer, "from the second mirror");
 * ```
 *
 * @category Waiting for several
 */
export async function firstSuccess<F extends readonly (() => unknown)[]>(
  fns: F,
): Promise<RaceResult<F>> {
  const errors: unknown[] = [];
  const { winner } = await untilDecided("firstSuccess", fns, (task, index) => {
    if (hasResult(task)) return true;
    errors[index] = thrownBy(task);
    return isInstance(errors[index], KeyboardInterrupt);
  });
  if (winner !== null) return resultOf(winner) as RaceResult<F>;
  const failures = errors.map((error, i) => ({ error, name: nameOf(fns, i) }));
  throw groupOf(`No function succeeded: ${summaryOf(failures)}`, failures);
}

/** The name of a function, for messages; its number if it has none. */
function nameOf(fns: readonly (() => unknown)[], index: number): string {
  return textAt(fns[index], "name") || `#${index + 1}`;
}

/**
 * Runs functions as tasks until one of them decides, by the order in which they end; ends the others.
 *
 * @returns The task that decided; `null` if all have ended and none has.
 */
async function untilDecided(
  name: string,
  fns: readonly (() => unknown)[],
  decides: (task: Task<unknown>, index: number) => boolean,
): Promise<{ winner: Task<unknown> | null }> {
  assertFunctions(name, fns);
  const tasks = fns.map((fn) => createTask(fn));
  const over = new Future<void>();
  let winner: Task<unknown> | null = null;
  let running = tasks.length;
  const caller = callingTask();
  for (const [index, task] of tasks.entries()) {
    observe(task, () => {
      running--;
      if (over.done()) return;
      if (decides(task, index)) winner = task;
      if (winner !== null || running === 0) over.setResult();
    }, caller);
  }
  try {
    await over;
  } finally {
    const losers = tasks.filter((task) => !task.done());
    // Those that have failed by now only came second.
    for (const task of tasks) if (task !== winner) markRetrieved(task);
    try {
      await endTasks(losers);
    } finally {
      for (const task of losers) reportFailure(task, `${name}()`);
    }
  }
  // In an object, since a promise would take the result of the task.
  return { winner };
}

function hasResult(task: Task<unknown>): boolean {
  return !task.cancelled() && failureOf(task) === undefined;
}

function resultOf(task: Task<unknown>): unknown {
  if (hasResult(task)) return task.result();
  throw thrownBy(task);
}

function assertFunctions(caller: string, fns: unknown): void {
  const what = `The fns of ${caller}()`;
  if (!Array.isArray(fns)) throw wrongType(what, "an array of functions", fns);
  if (fns.length === 0) throw outOfRange(what, "at least one function", fns);
  for (const fn of [...fns]) {
    if (typeof fn === "function") continue;
    throw wrongType(`Each of the fns of ${caller}()`, "a function", fn);
  }
}
