// Copyright 2026 the asyncio for Deno authors. MIT license.

import { textOf } from "../loop/core/unknown_value.ts";
import {
  assertAtLeast,
  assertBoolean,
  assertCount,
  assertFunction,
  assertInteger,
  assertOneOf,
  assertOptions,
  assertString,
  outOfRange,
} from "../loop/core/validate.ts";
import { assertOutsideLoops } from "./_assert_outside_loops.ts";
import { type Attempt, attempt, moreTelling } from "./_attempt.ts";
import { ExplorationError } from "./exploration_error.ts";
import type { ExplorationLimits } from "./_exploring_loop.ts";
import {
  formatSchedule,
  parseSchedule,
  randomOf,
  type Schedule,
  strategyOf,
} from "./_schedule.ts";
import { describeSteps } from "./_describe_steps.ts";
import type { MemoryNetwork } from "./network/memory_network.ts";
import { PrefixSchedule } from "./_prefix_schedule.ts";
import type { Strategy } from "./_strategy.ts";
import { makeTrial, type Trial } from "./trial.ts";

/**
 * The options of {@linkcode explore}.
 *
 * @category Tests
 */
export interface ExploreOptions {
  /**
   * `"random"`, the default, tries random schedules; `"exhaustive"` tries every schedule that deviates from the
   * ordinary one at few places, which is only feasible for small programs.
   */
  strategy?: "random" | "exhaustive" | undefined;
  /** The largest number of schedules; 1,000 by default, and 100,000 for an exhaustive search. */
  schedules?: number | undefined;
  /** The time limit of the search, in real seconds; 10 by default. */
  seconds?: number | undefined;
  /** The seed of the random choices, an integer; a new one for each call by default. */
  seed?: number | undefined;
  /** The largest number of deviations in a schedule of an exhaustive search; 2 by default. */
  deviations?: number | undefined;
  /** The largest number of cancellations, in a schedule, of tasks passed to `trial.mayCancel()`; 1 by default. */
  cancellations?: number | undefined;
  /** Whether a timer may expire while something is still ready, as if that took long; `true` by default. */
  timeouts?: boolean | undefined;
  /** The number of steps after which a schedule counts as endless; 10,000 by default. */
  maxSteps?: number | undefined;
  /**
   * Creates the in-memory network of a schedule, anew for each run. Each schedule has its own seed, which is the
   * same when the schedule is run again.
   */
  network?: ((seed: number) => MemoryNetwork) | undefined;
  /** The `replay` of an {@linkcode ExplorationError}; only that schedule is run, whatever the other options. */
  replay?: string | undefined;
}

/**
 * The result of {@linkcode explore} when no schedule failed.
 *
 * @category Tests
 */
export interface Exploration {
  /** The number of schedules that were tried. */
  readonly schedules: number;
  /** The number of steps in all schedules together. */
  readonly steps: number;
  /** Whether every schedule with at most `deviations` deviations was tried. */
  readonly complete: boolean;
}

/**
 * Runs a body repeatedly, each time in another order of events, until it fails or the budget is spent.
 *
 * When several tasks are ready, any of them may run next; callbacks keep their order among each other. Tasks
 * passed to `trial.mayCancel()` may be cancelled at any step, and a timer may expire before what is ready has
 * run. The body runs in virtual time. It fails if it throws, hangs or does not end, or if an exception reaches
 * the loop's exception handler. Tasks that it leaves behind are cancelled, and must then end.
 *
 * The body must create everything anew in each run, and must not wait for anything outside the loop. An endless
 * calculation cannot be interrupted. An ordinary loop resumes tasks in the order in which they became ready; a
 * program that relies on that order fails here.
 *
 * @param body The function to run, as the main task of a new loop.
 * @param options The kind and the limits of the search.
 * @returns What was tried, if nothing failed.
 * @throws {ExplorationError} If the body failed.
 * @throws {RangeError} If an option is out of range.
 * @throws {RuntimeError} If an event loop is running.
 * @throws {TypeError} If the body is not a function.
 *
 * @example A race that the ordinary order hides
 * ```ts
 * import { createTask, gather } from "@asyncio/asyncio";
 * import { ExplorationError, explore } from "@asyncio/asyncio/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * await assertRejects(() =>
 *   explore(async () => {
 *     let state = "new";
 *     const open = createTask(() => void (state = "open"));
 *     const use = createTask(() => assertEquals(state, "open"));
 *     await gather([open, use]);
 *   }), ExplorationError);
 * ```
 *
 * @category Tests
 */
export async function explore(
  body: (trial: Trial) => unknown,
  options: ExploreOptions = {},
): Promise<Exploration> {
  assertFunction("The body of explore()", body);
  const settings = settingsOf(options);
  assertOutsideLoops("explore");
  return await tryAll(body, schedulesOf(settings), settings);
}

/** Runs schedules one after the other until one fails. */
async function tryAll(
  body: (trial: Trial) => unknown,
  runs: Iterator<Run, unknown, Attempt>,
  settings: Settings,
): Promise<Exploration> {
  const end = performance.now() + settings.seconds * 1000;
  let steps = 0;
  let next = runs.next();
  for (let schedules = 0;; schedules++) {
    if (next.done) return { schedules, steps, complete: true };
    const isSpent = schedules > 0 && performance.now() >= end;
    if (schedules >= settings.schedules || isSpent) {
      return { schedules, steps, complete: false };
    }
    const result = await tryOnce(body, next.value, settings);
    if (result.failure !== null) {
      const { schedule } = next.value;
      // Debug mode is slow, but adds line numbers.
      const again = await tryOnce(body, runOf(schedule), settings, true);
      throw failureOf(schedule, schedules + 1, result, again);
    }
    steps += result.trace.length;
    next = runs.next(result);
  }
}

function tryOnce(
  body: (trial: Trial) => unknown,
  { schedule, strategy }: Run,
  { network: makeNetwork }: Settings,
  debug = false,
): Promise<Attempt> {
  const random = randomOf(schedule);
  const network = makeNetwork?.(random.below(2 ** 31));
  return attempt(
    (loop) => body(makeTrial(loop, random)),
    strategy,
    schedule.limits,
    { debug, network },
  );
}

function failureOf(
  schedule: Schedule,
  number: number,
  result: Attempt,
  again: Attempt,
): ExplorationError {
  const { failure, trace } = moreTelling(result, again);
  const cause = failure?.error;
  const replay = formatSchedule(schedule);
  const lines = [
    `Schedule ${number} failed: ${textOf(cause)}`,
    again.failure === null
      ? "It passed when it was run again: the body depends on more than the order of events"
      : `Run it again with { replay: ${JSON.stringify(replay)} }`,
    describeSteps(trace),
  ];
  return new ExplorationError(lines.join("\n"), { trace, replay, cause });
}

interface Settings {
  readonly strategy: "random" | "exhaustive";
  readonly schedules: number;
  readonly seconds: number;
  readonly seed: number;
  readonly deviations: number;
  readonly limits: ExplorationLimits;
  readonly network: ((seed: number) => MemoryNetwork) | undefined;
  /** The one schedule to run. */
  readonly replay: Schedule | null;
}

const STRATEGIES = ["random", "exhaustive"];

function settingsOf(options: ExploreOptions): Settings {
  assertOptions("explore", options);
  const { strategy = "random", timeouts = true, network, replay } = options;
  assertOneOf("The strategy option", strategy, STRATEGIES);
  assertBoolean("The timeouts option", timeouts);
  const {
    schedules = strategy === "random" ? 1000 : 100_000,
    seconds = 10,
    seed = Math.floor(Math.random() * 2 ** 31),
    deviations = 2,
    cancellations = 1,
    maxSteps = 10_000,
  } = options;
  assertCount("The schedules option", schedules, 1);
  assertAtLeast("The seconds option", seconds, 0);
  assertInteger("The seed option", seed);
  assertCount("The deviations option", deviations, 0);
  assertCount("The cancellations option", cancellations, 0);
  assertCount("The maxSteps option", maxSteps, 1);
  if (network !== undefined) assertFunction("The network option", network);
  return {
    strategy,
    schedules,
    seconds,
    seed,
    deviations,
    limits: { cancellations, timeouts, maxSteps },
    network,
    replay: replay === undefined ? null : replayed(replay),
  };
}

function replayed(replay: string): Schedule {
  assertString("The replay option", replay);
  const schedule = parseSchedule(replay);
  if (schedule !== null) return schedule;
  throw outOfRange(
    "The replay option",
    "the replay of an ExplorationError",
    replay,
  );
}

/** A schedule to run. */
interface Run {
  readonly schedule: Schedule;
  readonly strategy: Strategy;
}

function runOf(schedule: Schedule): Run {
  return { schedule, strategy: strategyOf(schedule) };
}

function schedulesOf(settings: Settings): Iterator<Run, unknown, Attempt> {
  if (settings.replay !== null) return [runOf(settings.replay)].values();
  return settings.strategy === "random"
    ? randomSchedules(settings)
    : deviatingSchedules(settings);
}

/** Yields the ordinary schedule, then random ones of several kinds. */
function* randomSchedules(
  { seed, limits }: Settings,
): Generator<Run, void, Attempt> {
  const ordinary = yield runOf({ kind: "path", seed, limits, choices: [] });
  const steps = Math.max(1, ordinary.trace.length);
  for (let index = 1;; index++) {
    yield runOf({ kind: "random", seed, limits, index, steps });
  }
}

/** Yields the ordinary schedule, then all that deviate from it at one place, then at two places, and so on. */
function* deviatingSchedules(
  { seed, limits, deviations }: Settings,
): Generator<Run, void, Attempt> {
  let level: Iterable<readonly number[]> = [[]];
  for (let count = 0;; count++) {
    const prefixes: PrefixSchedule[] = [];
    for (const choices of level) {
      const prefix = new PrefixSchedule(choices);
      yield {
        schedule: { kind: "path", seed, limits, choices },
        strategy: prefix,
      };
      if (count < deviations) prefixes.push(prefix);
    }
    if (prefixes.length === 0) return;
    level = deviationsOf(prefixes);
  }
}

function* deviationsOf(
  prefixes: Iterable<PrefixSchedule>,
): Generator<number[]> {
  for (const prefix of prefixes) yield* prefix.deviations();
}
