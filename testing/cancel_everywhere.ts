// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../loop/cancelled_error.ts";
import { RuntimeError } from "../loop/errors.ts";
import { type Scheduler, schedulerOf } from "../loop/scheduler.ts";
import { callingTask, type Task, unfinishedTasks } from "../loop/task.ts";
import { createTask } from "../tasks/create_task.ts";
import { wait } from "../tasks/wait.ts";
import { type Attempt, attempt } from "./_attempt.ts";
import { CancelAt, type Moment } from "./_cancel_at.ts";
import { ExplorationError } from "./exploration_error.ts";
import type { ExploringLoop } from "./_exploring_loop.ts";

/** What {@linkcode cancelEverywhere} cancels, and what must hold then. */
export interface CancellationScenario<T = unknown> {
  /** What is cancelled: it runs as a task of its own, `"victim"`. */
  readonly body: () => T | PromiseLike<T>;
  /** What goes on at the same time, as a task of its own. It must end by itself. */
  readonly meanwhile?: (() => unknown) | undefined;
  /** Throws unless everything is as it must be, when both have ended. */
  readonly check?: ((victim: Task<T>) => unknown) | undefined;
}

/** The options of {@linkcode cancelEverywhere}. */
export interface CancelEverywhereOptions {
  /** At how many places at most; 1,000 by default. */
  awaits?: number | undefined;
}

/**
 * Runs a scenario once for each `await` of its body, and cancels the body there: once while it waits, and once
 * when it has been woken and is about to go on. It runs in virtual time.
 *
 * Each time, it fails if the body ends with anything but its result or a `CancelledError`, if `meanwhile` or
 * `check` throws, if something hangs, and if a task or a connection is left over.
 *
 * @typeParam T The type of the body's result.
 * @param scenario Makes the scenario, anew each time, as part of a running loop.
 * @param options At how many places at most.
 * @returns At how many `await`s the body was cancelled.
 * @throws {ExplorationError} If it failed; the message says at which `await`.
 *
 * @example A lock that nobody keeps
 * ```ts
 * import { Lock, sleep } from "@asyncio/asyncio";
 * import { cancelEverywhere } from "@asyncio/asyncio/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const awaits = await cancelEverywhere(() => {
 *   const lock = new Lock();
 *   const work = async () => {
 *     using _ = await lock.acquire();
 *     await sleep(1);
 *   };
 *   return {
 *     body: work,
 *     meanwhile: work,
 *     check: () => assertEquals(lock.locked(), false),
 *   };
 * });
 * assertEquals(awaits, 1);
 * ```
 */
export async function cancelEverywhere<T>(
  scenario: () =>
    | CancellationScenario<T>
    | PromiseLike<CancellationScenario<T>>,
  options: CancelEverywhereOptions = {},
): Promise<number> {
  const { awaits = 1000 } = options;
  const ordinary = await cancelAt(scenario, NEVER, "waiting");
  if (ordinary.failure !== null) {
    throw failureOf(ordinary, "it was not cancelled at all");
  }
  for (let at = 0; at <= awaits; at++) {
    let hasStruck = false;
    for (const moment of ["waiting", "woken"] as const) {
      const result = await cancelAt(scenario, at, moment);
      if (result.failure !== null) {
        throw failureOf(result, describe(at, moment));
      }
      hasStruck ||= result.hasStruck;
    }
    if (!hasStruck) return at - 1;
  }
  return awaits;
}

const NEVER = Infinity;
const FREEDOM = { timeouts: false, maxSteps: 100_000 };

async function cancelAt<T>(
  scenario: () =>
    | CancellationScenario<T>
    | PromiseLike<CancellationScenario<T>>,
  at: number,
  moment: Moment,
): Promise<Attempt & { hasStruck: boolean }> {
  const strategy = new CancelAt(at, moment);
  const result = await attempt(
    (loop) => play(scenario, loop),
    strategy,
    FREEDOM,
  );
  return { ...result, hasStruck: strategy.isDone };
}

async function play<T>(
  scenario: () =>
    | CancellationScenario<T>
    | PromiseLike<CancellationScenario<T>>,
  loop: ExploringLoop,
): Promise<void> {
  const { body, meanwhile, check } = await scenario();
  const victim = createTask(body, { name: "victim" });
  loop.mayCancel(victim);
  const tasks: Task<unknown>[] = [victim];
  if (meanwhile !== undefined) {
    tasks.push(
      createTask(async () => await meanwhile(), { name: "meanwhile" }),
    );
  }
  await wait(tasks);
  for (const task of tasks) throwFailure(task);
  await check?.(victim);
  assertNothingLeft(schedulerOf(loop));
}

function throwFailure(task: Task<unknown>): void {
  if (task.cancelled()) return;
  const error = task.exception();
  if (error !== null && !(error instanceof CancelledError)) throw error;
}

function assertNothingLeft(scheduler: Scheduler): void {
  const tasks = unfinishedTasks(scheduler).filter((task) =>
    task !== callingTask()
  );
  if (tasks.length > 0) {
    throw new RuntimeError(`A task was left over: ${tasks.join(", ")}`);
  }
  const { size } = scheduler.resources;
  if (size === 0) return;
  throw new RuntimeError(
    `Something was left open: ${size} transports or servers`,
  );
}

function describe(at: number, moment: Moment): string {
  if (at === 0) return "it was cancelled before it began";
  const when = moment === "waiting" ? "while it waited" : "when it was woken";
  return `it was cancelled at its await number ${at}, ${when}`;
}

function failureOf(
  { failure, trace }: Attempt,
  when: string,
): ExplorationError {
  const cause = failure?.error;
  const lines = [
    `The body failed when ${when}: ${cause}`,
    "The steps:",
    ...trace.map((step) => `  ${step}`),
  ];
  return new ExplorationError(lines.join("\n"), { trace, replay: "", cause });
}
