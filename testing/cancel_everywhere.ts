// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../loop/core/cancelled_error.ts";
import { RuntimeError } from "../loop/core/errors.ts";
import { type Scheduler, schedulerOf } from "../loop/core/scheduler.ts";
import { callingTask, type Task, unfinishedTasks } from "../loop/core/task.ts";
import { isInstance, textOf } from "../loop/core/unknown_value.ts";
import {
  assertCount,
  assertFunction,
  assertOptions,
} from "../loop/core/validate.ts";
import { createTask } from "../tasks/create_task.ts";
import { wait } from "../tasks/wait.ts";
import { assertOutsideLoops } from "./_assert_outside_loops.ts";
import { type Attempt, attempt, moreTelling } from "./_attempt.ts";
import { CancelAt, type CancellationPoint } from "./_cancel_at.ts";
import { describeSteps } from "./_describe_steps.ts";
import type { ExploringLoop } from "./_exploring_loop.ts";
import { ExplorationError } from "./exploration_error.ts";
import type { MemoryNetwork } from "./network/memory_network.ts";

/**
 * A body that {@linkcode cancelEverywhere} runs and cancels, and a check of what must hold afterwards.
 *
 * @category Tests
 */
export interface CancellationScenario<T = unknown> {
  /** The code to cancel. It runs as a task of its own, named `"victim"`. */
  readonly body: () => T | PromiseLike<T>;
  /** Code that runs concurrently, as a task of its own. It must end by itself. */
  readonly meanwhile?: (() => unknown) | undefined;
  /** Runs when both have ended, and throws if something is not as it must be. */
  readonly check?: ((victim: Task<T>) => unknown) | undefined;
}

/**
 * The options of {@linkcode cancelEverywhere}.
 *
 * @category Tests
 */
export interface CancelEverywhereOptions {
  /** The largest number of `await`s to cancel at; 1,000 by default. */
  awaits?: number | undefined;
  /** The number of steps after which the scenario counts as endless; 10,000 by default. */
  maxSteps?: number | undefined;
  /** Creates the in-memory network of the scenario, anew for each run. */
  network?: (() => MemoryNetwork) | undefined;
}

/**
 * Creates a scenario of {@linkcode cancelEverywhere}.
 *
 * @category Tests
 */
export type MakeScenario<T> = () =>
  | CancellationScenario<T>
  | PromiseLike<CancellationScenario<T>>;

/**
 * Runs a scenario twice for each `await` of its body, and cancels the body there: once while it waits, and once
 * after its wake-up, before it resumes. The scenario runs in virtual time.
 *
 * A run fails if the body ends with anything but its result or a `CancelledError`, if `meanwhile` or `check`
 * throws, if something hangs, or if a task, transport, server or connection is left open.
 *
 * @typeParam T The type of the body's result.
 * @param scenario Creates the scenario, anew for each run, inside the running loop.
 * @param options The limits, and the network.
 * @returns The number of `await`s at which the body was cancelled.
 * @throws {ExplorationError} If a run failed; the message has the number of the `await`.
 * @throws {RangeError} If an option is out of range.
 * @throws {RuntimeError} If an event loop is running.
 * @throws {TypeError} If the scenario is not a function.
 *
 * @example A lock is never left locked
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
 *
 * @category Tests
 */
export async function cancelEverywhere<T>(
  scenario: MakeScenario<T>,
  options: CancelEverywhereOptions = {},
): Promise<number> {
  assertOptions("cancelEverywhere", options);
  const { awaits = 1000, maxSteps = 10_000, network } = options;
  assertFunction("The scenario of cancelEverywhere()", scenario);
  assertCount("The awaits option", awaits, 1);
  assertCount("The maxSteps option", maxSteps, 1);
  if (network !== undefined) assertFunction("The network option", network);
  assertOutsideLoops("cancelEverywhere");
  const tryOne = (point: CancellationPoint) =>
    cancelAt(scenario, point, { maxSteps, network });
  await tryOne({ at: NEVER, moment: "waiting" });
  for (let at = 0; at <= awaits; at++) {
    let wasCancelled = false;
    for (const moment of ["waiting", "woken"] as const) {
      if (await tryOne({ at, moment })) wasCancelled = true;
    }
    if (!wasCancelled) return at - 1;
  }
  return awaits;
}

const NEVER = Infinity;

interface Settings {
  readonly maxSteps: number;
  readonly network: (() => MemoryNetwork) | undefined;
}

/** Runs the scenario once with a cancellation at a point; returns whether the body reached that point. */
async function cancelAt<T>(
  scenario: MakeScenario<T>,
  point: CancellationPoint,
  { maxSteps, network: makeNetwork }: Settings,
): Promise<boolean> {
  const limits = { cancellations: 1, timeouts: false, maxSteps };
  const tryOnce = (strategy: CancelAt, debug: boolean) => {
    const network = makeNetwork?.();
    return attempt(
      (loop) => play(scenario, loop, network),
      strategy,
      limits,
      { debug, network },
    );
  };
  const strategy = new CancelAt(point);
  const result = await tryOnce(strategy, false);
  if (result.failure === null) return strategy.isDone;
  // Debug mode is slow, but adds line numbers.
  const again = await tryOnce(new CancelAt(point), true);
  throw failureOf(moreTelling(result, again), point);
}

async function play<T>(
  scenario: MakeScenario<T>,
  loop: ExploringLoop,
  network: MemoryNetwork | undefined,
): Promise<void> {
  const { body, meanwhile, check } = await scenario();
  assertFunction("The body of a scenario", body);
  if (meanwhile !== undefined) {
    assertFunction("The meanwhile of a scenario", meanwhile);
  }
  if (check !== undefined) assertFunction("The check of a scenario", check);
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
  assertNothingLeft(schedulerOf(loop), network?.connections ?? 0);
}

function throwFailure(task: Task<unknown>): void {
  if (task.cancelled()) return;
  const error = task.exception();
  if (error !== null && !isInstance(error, CancelledError)) throw error;
}

function assertNothingLeft(scheduler: Scheduler, connections: number): void {
  const tasks = unfinishedTasks(scheduler).filter((task) =>
    task !== callingTask()
  );
  if (tasks.length > 0) {
    throw new RuntimeError(`A task is still running: ${tasks.join(", ")}`);
  }
  const { size } = scheduler.resources;
  if (size > 0) {
    throw new RuntimeError(
      `Transports or servers are still open: ${size}`,
    );
  }
  if (connections === 0) return;
  throw new RuntimeError(
    `Connections are still open: ${connections}`,
  );
}

function failureOf(
  { failure, trace }: Attempt,
  point: CancellationPoint,
): ExplorationError {
  const cause = failure?.error;
  const message = `The body failed when ${describe(point)}: ${textOf(cause)}`;
  return new ExplorationError(
    `${message}\n${describeSteps(trace)}`,
    { trace, replay: "", cause },
  );
}

function describe({ at, moment }: CancellationPoint): string {
  if (at === NEVER) return "it was not cancelled";
  if (at === 0) return "it was cancelled before its first step";
  const when = moment === "waiting" ? "while it waited" : "after its wake-up";
  return `it was cancelled at its await number ${at}, ${when}`;
}
